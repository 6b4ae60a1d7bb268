import { base64ToText, isFields, readDataURL, textToBase64, toDataURL } from "../../../core/index.ts";
import type { AudioPart, CodecContext, Fields, FilePart, ImagePart } from "../../../core/index.ts";
import { asOwn, ownOf } from "./own.ts";
import type { WireBlock } from "./wire.ts";

/** Document formats and their media types. Source: Amazon Bedrock API reference, DocumentBlock. */
const documentTypes: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  csv: "text/csv",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  html: "text/html",
  txt: "text/plain",
  md: "text/markdown",
};
const documentFormats = new Map(Object.entries(documentTypes).map(([format, type]) => [type, format]));

type ImageBlock = NonNullable<Extract<WireBlock, { image: unknown }>["image"]>;
type DocumentBlock = NonNullable<Extract<WireBlock, { document: unknown }>["document"]>;
type AudioBlock = NonNullable<Extract<WireBlock, { audio: unknown }>["audio"]>;

/** Base64 of a source that is bytes and nothing else. */
function bytesOf(source: unknown): string | undefined {
  if (!isFields(source) || Object.keys(source).length !== 1) return undefined;
  return typeof source["bytes"] === "string" ? source["bytes"] : undefined;
}

/** An image block as a part; undefined for one that lies in S3 or could not be made. */
export function imagePart(block: Fields): ImagePart | undefined {
  const { format, source, ...rest } = block;
  const data = bytesOf(source);
  if (data === undefined || typeof format !== "string" || Object.keys(rest).length > 0) return undefined;
  return { type: "image_url", image_url: { url: toDataURL(`image/${format}`, data) } };
}

/** An image part as a block; undefined, and noted, for one by URL. A format that Bedrock does not know it refuses itself. */
export function imageBlock({ image_url }: ImagePart, context: CodecContext): Fields | undefined {
  const read = readDataURL(image_url.url);
  if (!read) {
    context.drop("image_url");
    return undefined;
  }
  if (image_url.detail !== undefined && image_url.detail !== "auto") context.drop("image_url.detail");
  const type = read.mediaType.replace(/^image\//, "");
  const format = (type === "jpg" ? "jpeg" : type) as ImageBlock["format"];
  const image: ImageBlock = { format, source: { bytes: read.data } };
  return image;
}

export function audioPart(block: Fields): AudioPart | undefined {
  const { format, source, ...rest } = block;
  const data = bytesOf(source);
  if (data === undefined || typeof format !== "string" || Object.keys(rest).length > 0) return undefined;
  return { type: "input_audio", input_audio: { data, format } };
}

export function audioBlock({ input_audio }: AudioPart): Fields {
  const format = input_audio.format as AudioBlock["format"];
  const audio: AudioBlock = { format, source: { bytes: input_audio.data } };
  return audio;
}

/** A document block as a part; undefined for one that lies in S3 or is made of blocks. */
export function filePart(block: Fields): FilePart | undefined {
  const { format, name, source, ...rest } = block;
  if (typeof name !== "string" || !isFields(source)) return undefined;
  const type = documentTypes[String(format)];
  const data = bytesOf(source);
  if (data !== undefined && type !== undefined) {
    const file = { filename: `${name}.${String(format)}`, file_data: toDataURL(type, data) };
    return { type: "file", file, ...asOwn(rest) };
  }
  const { text, ...others } = source;
  if (typeof text !== "string" || Object.keys(others).length > 0) return undefined;
  const file_data = toDataURL(type ?? "text/plain", textToBase64(text));
  const own = { ...rest, text: true, ...(format !== undefined && { format }) };
  return { type: "file", file: { filename: name, file_data }, ...asOwn(own) };
}

/** The names that one request's documents have already: no two may be the same. */
export type DocumentNames = Set<string>;

/** A file part as a document block; undefined, and noted, for a file that is not here. */
export function documentBlock(
  part: FilePart,
  names: DocumentNames,
  context: CodecContext,
): Fields | undefined {
  const read = part.file.file_data === undefined ? undefined : readDataURL(part.file.file_data);
  if (!read) {
    context.drop(part.file.file_id === undefined ? "file_url" : "file_id");
    return undefined;
  }
  const { text, format: ownFormat, ...own } = ownOf(part) ?? {};
  const filename = part.file.filename ?? "";
  if (text === true) {
    const format = ownFormat as DocumentBlock["format"];
    const source = { text: base64ToText(read.data) };
    const document: DocumentBlock = { name: freeName(filename, names), source };
    return { ...(format !== undefined && { format }), ...document, ...own };
  }
  const format = formatOf(read.mediaType, filename);
  const stem = filename.toLowerCase().endsWith(`.${format}`)
    ? filename.slice(0, -format.length - 1)
    : filename;
  const document: DocumentBlock = {
    format: format as DocumentBlock["format"],
    name: freeName(stem, names),
    source: { bytes: read.data },
  };
  return { ...document, ...own };
}

function formatOf(mediaType: string, filename: string): string {
  const extension = /\.(\w+)$/.exec(filename)?.[1]?.toLowerCase() ?? "";
  const byType = documentFormats.get(mediaType);
  // Plain text is what a type that nobody set often is.
  if (byType !== undefined && byType !== "txt") return byType;
  if (extension in documentTypes) return extension;
  return byType ?? (mediaType.startsWith("text/") ? "txt" : "pdf");
}

/** Letters, digits, single spaces, hyphens, parentheses and square brackets. Source: API reference, DocumentBlock. */
function freeName(wanted: string, taken: DocumentNames): string {
  const clean = wanted
    .replace(/[^A-Za-z0-9\s\-()[\]]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  const base = clean.slice(0, 180) || "Document";
  let free = base;
  for (let n = 2; taken.has(free); n++) free = `${base} (${n})`;
  taken.add(free);
  return free;
}
