import { badRequest, isFields, readDataURL, toDataURL } from "../../../core/index.ts";
import type {
  AudioPart,
  CodecContext,
  ContentPart,
  Fields,
  FilePart,
  ImagePart,
} from "../../../core/index.ts";
import { asOwn, camel, ownOf } from "./fields.ts";
import type { Part } from "./wire.ts";

export type MediaPart = ImagePart | AudioPart | FilePart;

/** Media types by the ends of names, for what comes with a URL or a file name alone. */
const typesByEnd: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  heic: "image/heic",
  heif: "image/heif",
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  html: "text/html",
  csv: "text/csv",
  json: "application/json",
  mp3: "audio/mp3",
  wav: "audio/wav",
  ogg: "audio/ogg",
  flac: "audio/flac",
  mp4: "video/mp4",
  mov: "video/quicktime",
  webm: "video/webm",
};

/** OpenAI's names of audio formats, where they are not the media type's second half. */
const formats: Readonly<Record<string, string>> = {
  "audio/mpeg": "mp3",
  "audio/x-wav": "wav",
  "audio/wave": "wav",
  "audio/l16": "pcm16",
};

/** Where Google keeps files that were uploaded to it: nobody else can fetch them. */
const ownStore = /^(?:gs:|https:\/\/generativelanguage\.googleapis\.com\/|files\/)/;

export function isMedia(part: Fields): boolean {
  return part["inlineData"] !== undefined || part["fileData"] !== undefined;
}

/** The neutral part of a part with `inlineData` or `fileData`; other members of it are kept as this protocol's own. */
export function decodeMedia(part: Fields): MediaPart {
  const { inlineData, fileData, ...own } = part;
  if (isFields(inlineData)) return fromBytes(camel(inlineData), own);
  if (isFields(fileData)) return fromURI(camel(fileData), own);
  throw badRequest("contents: inlineData or fileData must be an object", "contents");
}

function fromBytes({ data, mimeType, displayName }: Fields, own: Fields): MediaPart {
  if (typeof data !== "string") throw badRequest("contents: inlineData needs data", "contents");
  const type = typeof mimeType === "string" ? mimeType : "application/octet-stream";
  // A media type with parameters is no part of a data URL that everyone reads.
  const [bare = ""] = type.split(";", 1);
  if (bare !== mimeType) own["mimeType"] = mimeType;
  if (bare.startsWith("image/")) {
    if (displayName !== undefined) own["displayName"] = displayName;
    return { type: "image_url", image_url: { url: toDataURL(bare, data) }, ...asOwn(own) };
  }
  if (bare.startsWith("audio/")) {
    const format = audioFormat(bare);
    if (`audio/${format}` !== mimeType) own["mimeType"] = mimeType;
    if (displayName !== undefined) own["displayName"] = displayName;
    return { type: "input_audio", input_audio: { data, format }, ...asOwn(own) };
  }
  const named = typeof displayName === "string" && { filename: displayName };
  return { type: "file", file: { file_data: toDataURL(bare, data), ...named }, ...asOwn(own) };
}

/** OpenAI's name of an audio type: `mp3`, `wav`, … */
export function audioFormat(mediaType: string): string {
  const bare = mediaType.split(";", 1)[0] ?? "";
  return formats[bare.toLowerCase()] ?? bare.slice("audio/".length);
}

function fromURI({ fileUri, mimeType, displayName }: Fields, own: Fields): MediaPart {
  if (typeof fileUri !== "string") throw badRequest("contents: fileData needs fileUri", "contents");
  if (mimeType === undefined || mimeType !== typeOfName(fileUri)) own["mimeType"] = mimeType ?? null;
  const named = typeof displayName === "string" && { filename: displayName };
  if (ownStore.test(fileUri)) return { type: "file", file: { file_id: fileUri, ...named }, ...asOwn(own) };
  if (!String(mimeType ?? typeOfName(fileUri)).startsWith("image/")) {
    return { type: "file", file: { file_url: fileUri, ...named }, ...asOwn(own) };
  }
  if (named) own["displayName"] = displayName;
  return { type: "image_url", image_url: { url: fileUri }, ...asOwn(own) };
}

/** The media type that a name's end tells; undefined for others. */
function typeOfName(name: string): string | undefined {
  const end = /\.(\w+)(?:[?#].*)?$/.exec(name)?.[1];
  return end === undefined ? undefined : typesByEnd[end.toLowerCase()];
}

export function isMediaPart(part: ContentPart): part is MediaPart {
  return part.type === "image_url" || part.type === "input_audio" || part.type === "file";
}

/** The part that says an image, audio or file; undefined, and noted, where there is none. */
export function encodeMedia(part: MediaPart, context: CodecContext): Fields | undefined {
  const { mimeType, displayName, ...own } = ownOf(part) ?? {};
  const about = {
    mimeType: mimeType as string | null | undefined,
    ...(typeof displayName === "string" && { displayName }),
  };
  const said = saidBy(part, about, context);
  if (said) return { ...said, ...own };
  context.drop(`messages.content.${part.type}`);
  return undefined;
}

interface About {
  /** Null: the client gave none. */
  mimeType: string | null | undefined;
  displayName?: string;
}

function saidBy(part: MediaPart, about: About, context: CodecContext): Part | undefined {
  if (part.type === "input_audio") {
    const { data, format } = part.input_audio;
    return bytes(data, `audio/${format === "pcm16" ? "L16" : format}`, about);
  }
  if (part.type === "image_url") {
    const { url, detail } = part.image_url;
    if (detail === "low" || detail === "high") context.drop("messages.content.image_url.detail");
    const inline = readDataURL(url);
    return inline ? bytes(inline.data, inline.mediaType, about) : at(url, "image/jpeg", about);
  }
  const { file_data, file_id, file_url, filename } = part.file;
  const named = { ...about, ...(filename !== undefined && { displayName: filename }) };
  const byName = typeOfName(filename ?? "") ?? "application/pdf";
  if (file_data !== undefined) {
    const inline = readDataURL(file_data) ?? { data: file_data, mediaType: byName };
    return bytes(inline.data, inline.mediaType, named);
  }
  if (file_url !== undefined) return at(file_url, byName, named);
  return file_id !== undefined && ownStore.test(file_id) ? at(file_id, undefined, named) : undefined;
}

function bytes(data: string, mediaType: string, { mimeType, ...about }: About): Part {
  return { inlineData: { ...about, mimeType: mimeType ?? mediaType, data } };
}

function at(fileUri: string, otherwise: string | undefined, { mimeType, ...about }: About): Part {
  const type = mimeType === undefined ? (typeOfName(fileUri) ?? otherwise) : mimeType;
  return { fileData: { ...about, ...(type && { mimeType: type }), fileUri } };
}
