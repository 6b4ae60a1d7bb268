import * as runtime from "#runtime";
import { Canceller } from "./cancel.ts";
import { readWhole } from "./transport/body.ts";
import type { HeaderPairs } from "./transport/types.ts";

/** Bytes of an answer; those of the control plane are small. */
const limit = 16 * 1024 * 1024;

/**
 * A `fetch` for the control plane that goes the way of calls: over the transport, and through an upstream's proxy. It
 * follows no redirect, which could take a secret elsewhere, and answers once the body is here. Rejects as the
 * transport does, and for an answer of more than 16 MiB.
 * @param timeout ms without a byte, and to an open connection
 */
export function controlFetch(proxy: string | undefined, timeout: number): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const canceller = new Canceller();
    const cancel = (): void => canceller.cancel(request.signal.reason);
    request.signal.addEventListener("abort", cancel, { once: true });
    const headers: HeaderPairs = ["accept-encoding", "identity"];
    for (const [name, value] of request.headers) if (name !== "accept-encoding") headers.push(name, value);
    const body = request.body && new Uint8Array(await request.arrayBuffer());
    const timeouts = { connect: timeout, firstByte: timeout, silence: timeout, total: 0 };
    const { method } = request;
    try {
      const answer = await runtime.send(request.url, { method, headers, body, canceller, timeouts, proxy });
      const bytes = await readWhole(answer.body, limit);
      const { status, statusText } = answer;
      return new Response(bytes.byteLength > 0 ? (bytes as Uint8Array<ArrayBuffer>) : null, {
        status,
        statusText,
        headers: headersOf(answer.headers),
      });
    } finally {
      request.signal.removeEventListener("abort", cancel);
    }
  };
}

function headersOf(pairs: HeaderPairs): Headers {
  const headers = new Headers();
  for (let i = 0; i < pairs.length; i += 2) headers.append(pairs[i] ?? "", pairs[i + 1] ?? "");
  return headers;
}
