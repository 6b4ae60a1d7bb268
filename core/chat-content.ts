import { base64ToBytes, bytesToBase64 } from "./base64.ts";
import { badRequest } from "./errors.ts";
import type { AssistantMessage, ChatRequest, ContentPart, FilePart } from "./chat.ts";

/** The most tokens that the answer may have, under either of its names. */
export function maxTokensOf(request: ChatRequest): number | undefined {
  return request.max_completion_tokens ?? request.max_tokens ?? undefined;
}

/** The stop sequences as a list. */
export function stopOf(request: ChatRequest): string[] {
  return request.stop === undefined || request.stop === null ? [] : [request.stop].flat();
}

/** A message's content as parts; none for no content or an empty text. */
export function partsOf(content: string | ContentPart[] | null | undefined): ContentPart[] {
  if (!content) return [];
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

/** A message's text: its text parts joined. */
export function textOfContent(content: string | ContentPart[] | null | undefined): string {
  if (!content) return "";
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** A message's reasoning as text, without what is signed or sealed. */
export function reasoningTextOf({ reasoning_content, reasoning_details }: AssistantMessage): string {
  if (reasoning_content) return reasoning_content;
  return (reasoning_details ?? []).map((detail) => ("text" in detail ? detail.text : "")).join("");
}

const dataURL = /^data:([^;,]*)(?:;[^,]*)?,/;

/**
 * Media type and base64 of a `data:` URL (RFC 2397); undefined for any other URL. Without `;base64` its bytes are those
 * of the text, percent-decoded; a percent sign that no two hexadecimal digits follow stands for itself, as in URLs.
 */
export function readDataURL(url: string): { mediaType: string; data: string } | undefined {
  const head = dataURL.exec(url);
  if (!head) return undefined;
  const rest = url.slice(head[0].length);
  const data = head[0].includes(";base64") ? rest : bytesToBase64(percentDecoded(rest));
  return { mediaType: head[1] || "application/octet-stream", data };
}

function percentDecoded(text: string): Uint8Array {
  const written = new TextEncoder().encode(text);
  const bytes = new Uint8Array(written.length);
  let length = 0;
  for (let at = 0; at < written.length; at++) {
    const coded = written[at] === 37 /* % */ ? hexPair(written[at + 1], written[at + 2]) : undefined;
    bytes[length++] = coded ?? written[at] ?? 0;
    if (coded !== undefined) at += 2;
  }
  return bytes.subarray(0, length);
}

function hexPair(high: number | undefined, low: number | undefined): number | undefined {
  const pair = String.fromCharCode(high ?? 0, low ?? 0);
  return /^[\da-f]{2}$/i.test(pair) ? Number.parseInt(pair, 16) : undefined;
}

/** The `data:` URL of base64 bytes. */
export function toDataURL(mediaType: string, data: string): string {
  return `data:${mediaType};base64,${data}`;
}

/**
 * The text of a file that is given here and is text, JSON, XML or YAML; undefined for any other file. Throws a 400
 * GatewayError where its data is no base64.
 */
export function textOfFile({ file_data }: FilePart["file"]): string | undefined {
  const found = file_data === undefined ? undefined : readDataURL(file_data);
  const isText = found && /^(?:text\/|application\/(?:json|xml|yaml|x-yaml)$)/.test(found.mediaType);
  return isText ? new TextDecoder().decode(bytesOfFile(found.data)) : undefined;
}

/** The bytes of a file in a request. Throws a 400 GatewayError for what is no base64. */
export function bytesOfFile(data: string): Uint8Array<ArrayBuffer> {
  try {
    return base64ToBytes(data);
  } catch {
    throw badRequest("The data of a file (file_data) is not base64.", "file_data");
  }
}
