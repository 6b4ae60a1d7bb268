import { badRequest, isFields, reasoningFormats, unsealReasoning } from "../../../core/index.ts";
import type {
  AssistantMessage,
  ContentPart,
  Fields,
  ImagePart,
  ReasoningDetail,
  TextPart,
  ToolCall,
} from "../../../core/index.ts";
import { decodeCall } from "./calls.ts";
import type { CallIds } from "./calls.ts";
import { asOwn, camel, isText, ownOf } from "./fields.ts";
import { decodeMedia, isMedia } from "./media.ts";

const format = reasoningFormats.gemini;

/** What a message of the model is made of. */
export type Kind = "reasoning" | "content" | "image" | "audio" | "tool_call";

/** The order that a message's pieces have unless it says otherwise. */
export const usualOrder: readonly Kind[] = ["reasoning", "content", "image", "audio", "tool_call"];

/** The text part of a part; its other members are kept as this protocol's own. */
export function textPart(text: string, own: Fields): TextPart {
  return { type: "text", text, ...asOwn(own) };
}

/** A part that no other protocol knows. */
export function extensionPart(value: Fields): ContentPart {
  return { type: "extension", protocol: "gemini", value };
}

/** Content as text where it is one plain text, as its parts else; null for none. */
export function contentOf(parts: ContentPart[]): string | ContentPart[] | null {
  const [only] = parts;
  if (!only) return null;
  return parts.length === 1 && only.type === "text" && !only.extensions ? only.text : parts;
}

/** Gathers the parts of one content of the model into a neutral message. */
export class MessageReader {
  readonly #ids: CallIds;
  readonly #content: ContentPart[] = [];
  readonly #details: ReasoningDetail[] = [];
  readonly #carried: ReasoningDetail[] = [];
  readonly #calls: ToolCall[] = [];
  readonly #images: ImagePart[] = [];
  #audio: Fields | undefined;
  #kinds: Kind[] = [];
  /** The last part was a signature with an empty text: a text behind it is another part. */
  #signedNothing = false;

  constructor(ids: CallIds) {
    this.#ids = ids;
  }

  add(given: Fields): void {
    const part = camel(given);
    const { functionCall, text, thought, ...rest } = part;
    if (isFields(functionCall)) this.#addCall(camel(functionCall), rest);
    else if (functionCall !== undefined) {
      throw badRequest("contents: functionCall must be an object", "contents");
    } else if (isText(text)) {
      if (thought === true) this.#addThought(part, text, rest);
      else this.#addText(text, rest);
    } else if (isMedia(part) && !thought) this.#addMedia(part);
    else this.#addContent(extensionPart(part));
  }

  #addThought(part: Fields, text: string, { thoughtSignature, ...rest }: Fields): void {
    for (const _ in rest) {
      this.#addContent(extensionPart(part));
      return;
    }
    const signed = isText(thoughtSignature) && { signature: thoughtSignature };
    this.#addDetail({ type: "reasoning.text", text, ...signed, format });
  }

  /** The signature of a text goes before it: clients that know but texts still bring back their reasoning. */
  #addText(text: string, { thoughtSignature, ...own }: Fields): void {
    if (isText(thoughtSignature)) {
      this.#addDetail({ type: "reasoning.encrypted", data: thoughtSignature, format });
      this.#signedNothing = text === "";
      for (const _ in own) this.#signedNothing = false;
      if (this.#signedNothing) return;
    } else if (this.#signedNothing) {
      this.#addContent({ type: "text", text: "", extensions: { gemini: {} } });
    }
    this.#addContent(textPart(text, own));
  }

  #addDetail(detail: ReasoningDetail): void {
    this.#details.push(detail);
    this.#kinds.push("reasoning");
    this.#signedNothing = false;
  }

  #addContent(part: ContentPart): void {
    this.#content.push(part);
    this.#kinds.push("content");
    this.#signedNothing = false;
  }

  #addMedia(part: Fields): void {
    const media = decodeMedia(part);
    if (media.type === "image_url") {
      this.#images.push(media);
      this.#kinds.push("image");
    } else if (media.type === "input_audio" && !this.#audio) {
      const { mimeType = `audio/${media.input_audio.format}`, ...own } = ownOf(media) ?? {};
      this.#audio = { data: media.input_audio.data, transcript: "", mime_type: mimeType, ...asOwn(own) };
      this.#kinds.push("audio");
    } else this.#addContent(extensionPart(part));
    this.#signedNothing = false;
  }

  #addCall(call: Fields, rest: Fields): void {
    const signature = rest["thoughtSignature"];
    const carried = unsealReasoning(signature)?.details;
    if (carried) {
      this.#carried.push(...carried);
      delete rest["thoughtSignature"];
    }
    this.#calls.push(decodeCall(call, rest, this.#ids));
    this.#kinds.push("tool_call");
    this.#signedNothing = false;
  }

  message(): AssistantMessage {
    if (this.#carried.length > 0) this.#putBackCarried();
    const thoughts = this.#details.map((detail) => (detail.type === "reasoning.text" ? detail.text : ""));
    const reasoning = thoughts.join("");
    return {
      role: "assistant",
      content: contentOf(this.#content),
      ...(reasoning && { reasoning_content: reasoning }),
      ...(this.#details.length > 0 && { reasoning_details: this.#details }),
      ...(this.#images.length > 0 && { images: this.#images }),
      ...(this.#audio && { audio: this.#audio }),
      ...(this.#calls.length > 0 && { tool_calls: this.#calls }),
      ...this.#order(),
    };
  }

  /** Another vendor's reasoning takes the place of its text, which the client had only to show. */
  #putBackCarried(): void {
    this.#details.splice(0, this.#details.length, ...this.#carried);
    const others = this.#kinds.filter((kind) => kind !== "reasoning");
    this.#kinds = [...this.#carried.map((): Kind => "reasoning"), ...others];
  }

  #order(): Pick<AssistantMessage, "order" | "extensions"> {
    const kinds = this.#kinds;
    const places = kinds.map((kind) => usualOrder.indexOf(kind));
    if (places.every((place, i) => i === 0 || place >= (places[i - 1] ?? 0))) return {};
    const order = kinds.filter((kind) => kind !== "image" && kind !== "audio");
    return { order, ...(order.length < kinds.length && asOwn({ order: kinds })) };
  }
}
