import { badRequest, fieldsAt, listAt, textAt } from "../../../core/index.ts";
import type {
  AudioPart,
  ContentPart,
  ExtensionPart,
  FilePart,
  ImagePart,
  TextPart,
} from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";
import { asOwn, ours, ownOf } from "./own.ts";

/** What a text part is called: `input_text` in what the model is given, `output_text` in what it said. */
export type TextType = "input_text" | "output_text";

/** A message's content, or a tool's output: text, or parts. */
export function decodeContent(content: unknown, type: TextType, param: string): string | ContentPart[] {
  if (typeof content === "string") return content;
  return listAt(content, param).map((part, at) => decodePart(part, type, `${param}[${at}]`));
}

/** The text of a list that is one text and nothing beside; undefined for any other, and for an empty one. */
export function plainText(content: string | readonly ContentPart[]): string | undefined {
  if (typeof content === "string" || content.length !== 1) return undefined;
  const [part] = content;
  return part?.type === "text" && Object.keys(part).length === 2 ? part.text || undefined : undefined;
}

/** One content part of a request or an answer. Throws a 400 GatewayError for what is none. */
export function decodePart(value: unknown, type: TextType, param: string): ContentPart {
  const part = fieldsAt(value, param);
  switch (part["type"]) {
    case "input_text":
    case "output_text":
    case "text":
      return decodeText(part, type, param);
    case "refusal":
      return { type: "refusal", refusal: textAt(part["refusal"], `${param}.refusal`) };
    case "input_image":
      return decodeImage(part);
    case "input_file":
      return decodeFile(part);
    case "input_audio":
      return decodeAudio(part, param);
    default:
      if (typeof part["type"] === "string") return asIs(part);
      throw badRequest(`${param}.type must be a string.`, `${param}.type`);
  }
}

/** A piece that only this protocol knows. */
export function asIs(value: Fields): ExtensionPart {
  return { type: "extension", protocol: ours, value };
}

function decodeText(part: Fields, canonical: TextType, param: string): TextPart {
  const { type, text, annotations, prompt_cache_breakpoint, ...rest } = part;
  if (type !== canonical) rest["type"] = type;
  // What the model said has them always, be it none.
  const isUsual =
    canonical === "output_text" ? Array.isArray(annotations) && annotations.length === 0 : !annotations;
  if (!isUsual) rest["annotations"] = annotations ?? null;
  return { type: "text", text: textAt(text, `${param}.text`), ...decodeMark(prompt_cache_breakpoint, rest) };
}

/** OpenAI's mark of a prefix that is to be kept, beside what else only this protocol says of a part. */
function decodeMark(mark: unknown, rest: Fields): Pick<TextPart, "cache_control" | "extensions"> {
  if (mark === undefined) return asOwn(rest);
  const own = asOwn({ ...rest, prompt_cache_breakpoint: mark });
  return mark === null ? own : { cache_control: { type: "ephemeral" }, ...own };
}

/** An image by URL; one that only OpenAI's file store has is kept as it is. */
function decodeImage(part: Fields): ImagePart | ExtensionPart {
  const { type: _type, image_url, detail, prompt_cache_breakpoint, ...rest } = part;
  if (typeof image_url !== "string") return asIs(part);
  if (typeof detail !== "string" && detail !== undefined) rest["detail"] = detail;
  return {
    type: "image_url",
    image_url: { url: image_url, ...(typeof detail === "string" && { detail }) },
    ...decodeMark(prompt_cache_breakpoint, rest),
  };
}

const fileMembers = ["file_data", "file_id", "file_url", "filename"] as const;

function decodeFile(part: Fields): FilePart {
  const { type: _type, prompt_cache_breakpoint, ...rest } = part;
  const file: FilePart["file"] = {};
  for (const name of fileMembers) {
    const value = rest[name];
    if (typeof value !== "string") continue;
    file[name] = name === "file_data" ? asDataURL(value, rest["filename"]) : value;
    delete rest[name];
  }
  return { type: "file", file, ...decodeMark(prompt_cache_breakpoint, rest) };
}

/** File data may come as bare base64. */
function asDataURL(data: string, filename: unknown): string {
  if (data.startsWith("data:")) return data;
  const isText = typeof filename === "string" && /\.(?:txt|md|csv)$/i.test(filename);
  return `data:${isText ? "text/plain" : "application/pdf"};base64,${data}`;
}

function decodeAudio(part: Fields, param: string): AudioPart {
  const { type: _type, input_audio, ...rest } = part;
  const { data, format } = fieldsAt(input_audio, `${param}.input_audio`);
  return {
    type: "input_audio",
    input_audio: {
      data: textAt(data, `${param}.input_audio.data`),
      format: textAt(format, `${param}.input_audio.format`),
    },
    ...asOwn(rest),
  };
}

/** A content part as this protocol writes it; undefined for another protocol's own. */
export function encodePart(part: ContentPart, type: TextType): Fields | undefined {
  switch (part.type) {
    case "text":
      return encodeText(part, type);
    case "refusal":
      return { type: "refusal", refusal: part.refusal };
    case "image_url": {
      const { url, detail } = part.image_url;
      return {
        type: "input_image",
        image_url: url,
        ...(detail !== undefined && { detail }),
        ...ownOf(part),
      };
    }
    case "file":
      return { type: "input_file", ...part.file, ...ownOf(part) };
    case "input_audio":
      return { type: "input_audio", input_audio: part.input_audio, ...ownOf(part) };
    case "extension":
      return part.protocol === ours ? part.value : undefined;
  }
}

function encodeText(part: TextPart, type: TextType): Fields {
  const own = ownOf(part);
  const usual: Fields =
    type === "output_text" ? { type, text: part.text, annotations: [] } : { type, text: part.text };
  if (!own) return usual;
  const { annotations, ...rest } = { ...usual, ...own };
  return annotations === null || annotations === undefined ? rest : { ...rest, annotations };
}

/** Content, or a tool's output, as this protocol writes it. */
export function encodeContent(
  content: string | readonly ContentPart[],
  type: TextType,
  drop: (field: string) => void,
): string | Fields[] {
  if (typeof content === "string") return content;
  return content.flatMap<Fields>((part) => {
    const written = encodePart(part, type);
    if (!written) drop("messages.content");
    return written ?? [];
  });
}
