import { transportError } from "./failure.ts";
import { fromStream } from "./body.ts";
import type { TransportFailure } from "./failure.ts";
import type { HeaderPairs, TransportAnswer, TransportInit } from "./types.ts";

/** The transport of any other platform: its own `fetch`. Compressed answers arrive unpacked there. */
export async function send(url: string, init: TransportInit): Promise<TransportAnswer> {
  const { timeouts, canceller } = init;
  const controller = new AbortController();
  let failure: TransportFailure | undefined;
  const forget = canceller.onCancel((reason) => {
    failure = "cancelled";
    controller.abort(reason);
  });
  const timer = timeouts.firstByte
    ? setTimeout(() => {
        failure = "first_byte_timeout";
        controller.abort();
      }, timeouts.firstByte)
    : undefined;
  try {
    const request: RequestInit & { duplex?: "half" } = {
      method: init.method,
      headers: pairsToHeaders(init.headers),
      body: init.body as BodyInit | null,
      redirect: "manual",
      signal: controller.signal,
    };
    if (init.body && !(init.body instanceof Uint8Array)) request.duplex = "half";
    const response = await fetch(url, request);
    const headers: HeaderPairs = [];
    for (const [name, value] of response.headers) {
      // The body is unpacked already: these two no longer tell the truth about it.
      if (response.headers.has("content-encoding") && /^content-(encoding|length)$/.test(name)) continue;
      headers.push(name, value);
    }
    const stream = response.body ?? new Blob([]).stream();
    return { status: response.status, statusText: response.statusText, headers, body: fromStream(stream) };
  } catch (error) {
    throw transportError(failure ?? "connect_failed", error);
  } finally {
    clearTimeout(timer);
    forget();
  }
}

function pairsToHeaders(pairs: HeaderPairs): Headers {
  const headers = new Headers();
  for (let i = 0; i < pairs.length; i += 2) headers.append(pairs[i] ?? "", pairs[i + 1] ?? "");
  return headers;
}

/** The platform keeps its own connections. */
export async function closeConnections(): Promise<void> {}
