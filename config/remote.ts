import { Buffer } from "node:buffer";
import { maskSecrets } from "../core/mask.ts";
import { mostBytes, decodeText } from "./text.ts";
import type { TextResult } from "./text.ts";

/** A text from a URL, with what is needed to ask whether it changed. */
export interface RemoteText {
  text: string;
  etag?: string;
  lastModified?: string;
}

/** How long a server may take for the whole text, ms. */
const timeout = 15_000;

/**
 * Reads a URL, once more if the network fails. With a former text at hand it asks for changes only, and answers
 * `unchanged` when there are none. Never throws; a failure is told in words, without what the URL may hide.
 */
export async function readRemote(
  url: string,
  former?: RemoteText,
  signal?: AbortSignal,
): Promise<TextResult<RemoteText>> {
  // Loaded on use: a start from a file does without it.
  const { ofetch } = await import("ofetch");
  const { href, headers } = withCredentials(url);
  if (former?.etag) headers["if-none-match"] = former.etag;
  if (former?.lastModified) headers["if-modified-since"] = former.lastModified;
  try {
    const response = await ofetch.raw(href, {
      headers,
      responseType: "stream",
      signal: AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]),
      ignoreResponseError: true,
      retry: 1,
    });
    if (response.status === 304 && former) return { ...former, unchanged: true };
    if (response.status !== 200) {
      await response.body?.cancel();
      return { failure: `an answer with status ${response.status}` };
    }
    const bytes = await readBounded(response._data as ReadableStream<Uint8Array> | undefined);
    if (!bytes) return { failure: `more than ${mostBytes} bytes` };
    const text = decodeText(bytes);
    if (text === undefined) return { failure: "bytes that are not UTF-8" };
    const etag = response.headers.get("etag");
    const lastModified = response.headers.get("last-modified");
    const unchanged = former !== undefined && former.text === text;
    return { text, ...(etag && { etag }), ...(lastModified && { lastModified }), unchanged };
  } catch (error) {
    return { failure: `no answer (${reason(error)})` };
  }
}

/** A URL as it may be shown: without user, password and query. */
export function showURL(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return origin + pathname + (search && "?…");
}

/** fetch refuses URLs with a user and a password; they go into a header. */
function withCredentials(given: string): { href: string; headers: Record<string, string> } {
  const url = new URL(given);
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (!username && !password) return { href: url.href, headers: {} };
  const pair = new TextEncoder().encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { href: url.href, headers: { authorization: `Basic ${btoa(String.fromCharCode(...pair))}` } };
}

/** All of a body, or undefined when it is longer than the bound. */
async function readBounded(body: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (length > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The innermost cause that has a code or a name: `ECONNREFUSED`, `TimeoutError`. */
function reason(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (!(inner instanceof Error)) return "unknown";
  const { code } = inner as NodeJS.ErrnoException;
  if (inner.name === "TimeoutError") return `nothing within ${timeout / 1000} s`;
  return typeof code === "string" ? code : maskSecrets(inner.message).slice(0, 200);
}
