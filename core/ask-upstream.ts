import * as runtime from "#runtime";
import { Canceller } from "./cancel.ts";
import { setHeader } from "./headers.ts";
import { readJsonObject } from "./json-answer.ts";
import { targetOf } from "./targets.ts";
import { readWhole } from "./transport/body.ts";
import type { Fields } from "./fields.ts";
import type { HeaderPairs, TransportAnswer } from "./transport/types.ts";
import type { Upstream } from "./upstream.ts";

/** The most bytes of an answer. */
const most = 16 * 1024 * 1024;

/** A request of the gateway's own. */
export interface Question {
  /** Below the base URL, or a whole URL. */
  place: string;
  /** Sent as JSON with POST; without it, it is a GET. */
  body?: unknown;
  /** ms to the first byte, and between any two. */
  timeout: number;
  canceller: Canceller;
}

/** Sends a request of the gateway's own to an upstream, with its first key. Rejects as the transport does. */
export async function askUpstream(upstream: Upstream, question: Question): Promise<TransportAnswer> {
  const { place, body, timeout, canceller } = question;
  const { provider, proxy } = upstream;
  const headers: HeaderPairs = ["accept", "application/json", "accept-encoding", "identity"];
  if (body !== undefined) headers.push("content-type", "application/json");
  for (const name in upstream.headers) setHeader(headers, name.toLowerCase(), upstream.headers[name] ?? "");
  const target = targetOf(upstream, 0, undefined, undefined);
  const url = place.startsWith("/") ? upstream.baseURL + place : place;
  if (target.key !== undefined || provider.ownCredentials) await provider.authenticate(headers, target, url);
  return runtime.send(url, {
    method: body === undefined ? "GET" : "POST",
    headers,
    body: body === undefined ? null : new TextEncoder().encode(JSON.stringify(body)),
    canceller,
    timeouts: { ...upstream.timeouts, firstByte: timeout, silence: timeout },
    proxy,
  });
}

/** A way to ask whether an upstream is well: a path and a JSON body. */
export interface CheckRequest {
  path: string;
  body?: unknown;
}

/**
 * Asks an upstream whether it is well: as given, else for the models that it lists. Any answer but a failure of the
 * server (5xx, 408) says that it is. Resolves with what is wrong, `undefined` where nothing is; never rejects.
 */
export async function checkUpstream(
  upstream: Upstream,
  {
    request,
    timeout,
    canceller = new Canceller(),
  }: { request?: CheckRequest | undefined; timeout: number; canceller?: Canceller },
): Promise<string | undefined> {
  let answered = false;
  const ask = async (place: string, body?: unknown): Promise<Fields> => {
    answered = false;
    const { status, body: bytes } = await askUpstream(upstream, { place, body, timeout, canceller });
    if (status >= 500 || status === 408) {
      await readWhole(bytes, most);
      throw new Error(`it answered ${status}`);
    }
    answered = true;
    return readJsonObject(bytes, most, "data");
  };
  try {
    if (request) await ask(request.path, request.body ?? undefined);
    else await upstream.provider.listModels?.(upstream, (path, search = "") => ask(path + search));
    return undefined;
  } catch (error) {
    if (answered) return undefined;
    return error instanceof Error ? error.message : String(error);
  }
}
