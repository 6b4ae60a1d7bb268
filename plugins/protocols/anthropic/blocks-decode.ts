import { badRequest, isFields, textToBase64, toDataURL } from "../../../core/index.ts";
import { objectsIn, protocolName, restOf, textIn } from "./fields.ts";
import type { CacheControl, ContentPart, Fields, FilePart, TextPart } from "../../../core/index.ts";

/** The mark of a prompt cache, kept wherever it stands. */
export function cacheMark({ cache_control: mark }: Fields): { cache_control?: CacheControl | null } {
  return mark === undefined ? {} : { cache_control: mark as CacheControl | null };
}

const textMembers = new Set(["type", "text", "cache_control"]);
const imageMembers = new Set(["type", "source", "cache_control"]);
const documentMembers = new Set(["type", "source", "title", "cache_control"]);

/** One block of a user's, a tool's or the system's content. */
export function partFrom(block: Fields): ContentPart {
  const { type, source } = block;
  if (type === "text") return textFrom(block);
  if (type === "image" && isFields(source)) return imageFrom(block, source) ?? kept(block);
  if (type === "document" && isFields(source)) return documentFrom(block, source) ?? kept(block);
  if (type === "search_result") return standIn(block, searchResultText(block));
  if (type === "tool_reference")
    return standIn(block, `The tool ${textIn(block, "tool_name")} is available.`);
  return kept(block);
}

/** Content as parts, or as the text that it is. Throws a 400 GatewayError. */
export function contentFrom(content: unknown, place: string): string | ContentPart[] {
  return typeof content === "string" ? content : blocksIn(content, place).map(partFrom);
}

/** A message's blocks. Throws a 400 GatewayError for what is no list of blocks. */
export function blocksIn(content: unknown, place: string): Fields[] {
  if (!Array.isArray(content)) throw badRequest(`${place}: Input should be a string or a list`, place);
  content.forEach((block, i) => {
    if (!isFields(block) || typeof block["type"] !== "string") {
      throw badRequest(`${place}.${i}.type: Field required`, `${place}.${i}.type`);
    }
    if (block["type"] === "text" && typeof block["text"] !== "string") {
      throw badRequest(`${place}.${i}.text.text: Field required`, `${place}.${i}.text`);
    }
  });
  return content as Fields[];
}

export function textFrom(block: Fields): TextPart {
  return { type: "text", text: textIn(block, "text"), ...cacheMark(block), ...restOf(block, textMembers) };
}

export function kept(value: Fields): ContentPart {
  return { type: "extension", protocol: protocolName, value };
}

/** A block that other protocols only know as text. */
function standIn(block: Fields, text: string): TextPart {
  return { type: "text", text, ...cacheMark(block), extensions: { [protocolName]: { block } } };
}

function searchResultText(block: Fields): string {
  const head = `${textIn(block, "title")} (${textIn(block, "source")})`;
  return [head, ...objectsIn(block["content"]).map((part) => textIn(part, "text"))].join("\n");
}

/** Images of Anthropic's file store are kept as they are: no other service knows them. */
function imageFrom(block: Fields, source: Fields): ContentPart | undefined {
  const url =
    source["type"] === "base64"
      ? toDataURL(textIn(source, "media_type"), textIn(source, "data"))
      : textIn(source, "url");
  if (!url) return undefined;
  return { type: "image_url", image_url: { url }, ...cacheMark(block), ...restOf(block, imageMembers) };
}

function documentFrom(block: Fields, source: Fields): FilePart | undefined {
  const file = fileFrom(source);
  if (!file) return undefined;
  const { title } = block;
  const rest = restOf(block, documentMembers);
  const own = {
    ...rest.extensions?.[protocolName],
    ...(title === null && { title }),
    ...(source["type"] === "content" && { source }),
  };
  return {
    type: "file",
    file: { ...file, ...(typeof title === "string" && { filename: title }) },
    ...cacheMark(block),
    ...(Object.keys(own).length > 0 && { extensions: { [protocolName]: own } }),
  };
}

function fileFrom(source: Fields): FilePart["file"] | undefined {
  const { type, content } = source;
  const data = textIn(source, "data");
  if (type === "base64") return { file_data: toDataURL(textIn(source, "media_type"), data) };
  if (type === "text") return { file_data: toDataURL("text/plain", textToBase64(data)) };
  if (type === "url") return { file_url: textIn(source, "url") };
  if (type === "file") return { file_id: textIn(source, "file_id") };
  if (type !== "content") return undefined;
  const texts = objectsIn(content).map((block) => textIn(block, "text"));
  const text = typeof content === "string" ? content : texts.filter(Boolean).join("\n");
  return { file_data: toDataURL("text/plain", textToBase64(text)) };
}
