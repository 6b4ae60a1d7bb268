import * as runtime from "#runtime";
import { addressMatcher } from "../address.ts";
import { bytesToBase64 } from "../base64.ts";
import { toDataURL } from "../chat-content.ts";
import { badRequest } from "../errors.ts";
import { isPublicAddress } from "../public-address.ts";
import { documentText } from "./document.ts";
import type { CallState } from "../call-state.ts";
import type { ChatMessage, ChatRequest, ContentPart, FilePart, ImagePart } from "../chat.ts";
import type { Takes } from "../protocol.ts";

/**
 * Brings a request's images and documents into the form that an upstream takes: those it names by URL are fetched,
 * and documents become text. What was done for one attempt is kept for the next. Rejects with a 400 GatewayError.
 */
export async function fitMedia(call: CallState, request: ChatRequest, takes: Takes): Promise<ChatRequest> {
  const { imageURLs = true, documents = true } = takes;
  if (imageURLs && documents) return request;
  const fits = (part: ContentPart): boolean =>
    part.type === "image_url"
      ? imageURLs || isDataURL(part.image_url.url)
      : part.type !== "file" || documents;
  if (request.messages.every(({ content }) => !Array.isArray(content) || content.every(fits))) return request;
  const files = (call.files ??= new FileCache(call));
  const fit = async (part: ContentPart): Promise<ContentPart> => {
    if (fits(part)) return part;
    if (part.type === "image_url") return inline(part, files);
    return part.type === "file" ? asText(part, files) : part;
  };
  return {
    ...request,
    messages: await Promise.all(request.messages.map((message) => fitMessage(message, fit))),
  };
}

async function fitMessage(
  message: ChatMessage,
  fit: (part: ContentPart) => Promise<ContentPart>,
): Promise<ChatMessage> {
  const { content } = message;
  if (!Array.isArray(content)) return message;
  return { ...message, content: await Promise.all(content.map(fit)) } as ChatMessage;
}

function isDataURL(url: string): boolean {
  return url.startsWith("data:");
}

async function inline(part: ImagePart, files: FileCache): Promise<ImagePart> {
  const url = await files.dataURL(part.image_url.url, "image/");
  return { ...part, image_url: { ...part.image_url, url } };
}

/** The document's text in its place, under its name. A file that only its own service knows stays, for that one to say. */
async function asText(part: FilePart, files: FileCache): Promise<ContentPart> {
  const { file_data, file_url, filename } = part.file;
  const data = file_data ?? (file_url && (await files.dataURL(file_url, "")));
  if (data === undefined || data === "") return part;
  const text = await files.text(data);
  const { cache_control } = part;
  return {
    type: "text",
    text: filename ? `${filename}:\n\n${text}` : text,
    ...(cache_control && { cache_control }),
  };
}

/** The files of one call: each is fetched and read once, whatever is retried. */
export class FileCache {
  readonly #call: CallState;
  readonly #fetched = new Map<string, Promise<string>>();
  readonly #texts = new Map<string, Promise<string>>();

  constructor(call: CallState) {
    this.#call = call;
  }

  /** @param kind What the media type must begin with. */
  dataURL(url: string, kind: string): Promise<string> {
    return remembered(this.#fetched, url, () => this.#fetch(url, kind));
  }

  text(dataURL: string): Promise<string> {
    return remembered(this.#texts, dataURL, () => documentText(dataURL));
  }

  async #fetch(url: string, kind: string): Promise<string> {
    const { maxSize, timeout, allow } = this.#call.gateway.server.files;
    const allowed = addressMatcher(allow);
    const file = await runtime.fetchPublic(url, {
      isAllowed: (ip) => isPublicAddress(ip) || allowed(ip),
      maxSize,
      timeout,
      signal: this.#call.signal,
    });
    if (!file.mediaType.startsWith(kind)) {
      throw badRequest(
        `A URL in the request leads to ${file.mediaType || "something unnamed"}, not to an image.`,
      );
    }
    return toDataURL(file.mediaType, bytesToBase64(file.bytes));
  }
}

function remembered(
  map: Map<string, Promise<string>>,
  key: string,
  make: () => Promise<string>,
): Promise<string> {
  const known = map.get(key);
  if (known) return known;
  const made = make();
  map.set(key, made);
  return made;
}
