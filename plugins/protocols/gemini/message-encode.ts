import { partsOf, sealReasoning } from "../../../core/index.ts";
import type {
  AssistantMessage,
  CodecContext,
  ContentPart,
  Fields,
  ReasoningDetail,
  ToolCall,
} from "../../../core/index.ts";
import { encodeCall } from "./calls.ts";
import { isForeign, isOwn } from "./carried.ts";
import { isText, ownOf } from "./fields.ts";
import { audioFormat, encodeMedia, isMediaPart } from "./media.ts";
import { usualOrder } from "./message-decode.ts";
import type { Kind } from "./message-decode.ts";
import type { Part } from "./wire.ts";

/** How a message of the model is written. */
export interface Writing {
  /** Thoughts of any vendor, as text to be shown; else only those that this vendor signs for. */
  thoughts: boolean;
  /** Other vendors' signed reasoning goes along, for a client that brings it back. */
  carry: boolean;
  /** The first call needs a signature: the model refuses a turn without. */
  signed: boolean;
}

/**
 * Stands for a signature where a call has none, because another model made it or its client lost it.
 * Source: Gemini API documentation, "Thought signatures", frequently asked questions.
 */
const noSignature = "skip_thought_signature_validator";

/** The parts of a neutral message of the assistant. */
export function messageParts(message: AssistantMessage, context: CodecContext, writing: Writing): Fields[] {
  return new MessageWriter(message, context, writing).parts();
}

class MessageWriter {
  readonly #message: AssistantMessage;
  readonly #context: CodecContext;
  readonly #writing: Writing;
  readonly #parts: Part[] = [];
  /** A signature that waits for the text that it is of. */
  #waiting: string | undefined;

  constructor(message: AssistantMessage, context: CodecContext, writing: Writing) {
    this.#message = message;
    this.#context = context;
    this.#writing = writing;
  }

  parts(): Fields[] {
    const pieces = piecesOf(this.#message);
    for (const kind of orderOf(this.#message, pieces)) {
      const piece = pieces[kind].shift();
      if (piece === undefined) continue;
      if (kind === "reasoning") this.#addDetail(piece as ReasoningDetail);
      else if (kind === "tool_call") this.#addCall(piece as ToolCall);
      else if (kind === "audio") this.#addAudio(piece as Fields);
      else this.#addContent(piece as ContentPart);
    }
    this.#flush();
    this.#sign();
    return this.#parts;
  }

  #flush(): void {
    if (this.#waiting === undefined) return;
    this.#parts.push({ text: "", thoughtSignature: this.#waiting });
    this.#waiting = undefined;
  }

  #addDetail(detail: ReasoningDetail): void {
    if (!isOwn(detail) && !this.#writing.thoughts) return;
    this.#flush();
    if (detail.type === "reasoning.encrypted") {
      if (isOwn(detail)) this.#waiting = detail.data;
      return;
    }
    const text = detail.type === "reasoning.text" ? detail.text : detail.summary;
    const signature = detail.type === "reasoning.text" && isOwn(detail) ? detail.signature : undefined;
    this.#parts.push({ text, thought: true, ...(signature && { thoughtSignature: signature }) });
  }

  #addContent(part: ContentPart): void {
    if (part.type === "text" || part.type === "refusal") {
      const text = part.type === "text" ? part.text : part.refusal;
      const own = part.type === "text" ? ownOf(part) : undefined;
      if (this.#waiting !== undefined) this.#parts.push({ text, thoughtSignature: this.#waiting, ...own });
      else this.#parts.push({ text, ...own });
      this.#waiting = undefined;
      return;
    }
    this.#flush();
    if (isMediaPart(part)) {
      const media = encodeMedia(part, this.#context);
      if (media) this.#parts.push(media);
    } else if (part.protocol === "gemini") this.#parts.push(part.value);
    else this.#context.drop(`messages.content.${part.protocol}`);
  }

  #addAudio(audio: Fields): void {
    this.#flush();
    const { data, mime_type: type } = audio;
    if (!isText(data)) {
      this.#context.drop("messages.audio");
      return;
    }
    const mimeType = isText(type) ? type : "audio/wav";
    const extensions = { gemini: { ...ownOf(audio), mimeType } };
    const input_audio = { data, format: audioFormat(mimeType) };
    const media = encodeMedia({ type: "input_audio", input_audio, extensions }, this.#context);
    if (media) this.#parts.push(media);
  }

  #addCall(call: ToolCall): void {
    this.#flush();
    this.#parts.push(encodeCall(call));
  }

  /** Signs the first call with what has to go along, where it has no signature of its own. */
  #sign(): void {
    const first = this.#parts.find((part) => part.functionCall);
    if (!first || first.thoughtSignature) return;
    const foreign = this.#writing.carry ? this.#message.reasoning_details?.filter(isForeign) : undefined;
    if (foreign && foreign.length > 0)
      first.thoughtSignature = sealReasoning({ details: foreign, calls: {} });
    else if (this.#writing.signed) first.thoughtSignature = noSignature;
  }
}

type Pieces = Record<Kind, unknown[]>;

function piecesOf(message: AssistantMessage): Pieces {
  const { reasoning_details, reasoning_content, content, refusal, images, audio, tool_calls } = message;
  const details: ReasoningDetail[] = [...(reasoning_details ?? [])];
  if (reasoning_content && details.every(({ type }) => type === "reasoning.encrypted")) {
    details.unshift({ type: "reasoning.text", text: reasoning_content });
  }
  // An empty text is refused, but for one that a client of this protocol sent among others.
  const parts = partsOf(content).filter((part) => part.type !== "text" || part.text !== "" || ownOf(part));
  return {
    reasoning: details,
    content: refusal ? [...parts, { type: "text", text: refusal }] : [...parts],
    image: [...(images ?? [])],
    audio: audio ? [audio] : [],
    tool_call: [...(tool_calls ?? [])],
  };
}

/** The kinds of a message's pieces in their order; what its own order leaves out comes last, as usual. */
function orderOf(message: AssistantMessage, pieces: Pieces): Kind[] {
  const own = ownOf(message)?.["order"] as Kind[] | undefined;
  const given = own ?? message.order ?? [];
  const rest = usualOrder.flatMap((kind) => {
    const left = pieces[kind].length - given.filter((one) => one === kind).length;
    return Array.from({ length: Math.max(0, left) }, () => kind);
  });
  return [...given, ...rest];
}
