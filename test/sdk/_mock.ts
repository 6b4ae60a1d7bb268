import { LLMock } from "@copilotkit/aimock";
import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";

/** The only key that the mock takes: any other credential, in whichever header, it refuses with 401. */
export const upstreamKey = "uk-upstream-only-0001";
/** The key that callers of the gateway have. */
export const callerKey = "sk-caller-only-0002";

/** One request as it came to the mock over the wire. */
export interface Seen {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface Mock {
  url: string;
  mock: LLMock;
  /** All requests, in order. */
  seen: Seen[];
  /** The latest request. */
  last(): Seen;
  close(): Promise<void>;
}

/** A mock of the services on a free port, that notes down what comes over the wire. */
export async function startMock(): Promise<Mock> {
  const mock = new LLMock({ port: 0, auth: { apiKeys: [upstreamKey] } });
  const seen: Seen[] = [];
  // Its own journal hides keys and parses bodies; a mount at the root sees requests as they are.
  mock.mount("", {
    handleRequest(req) {
      seen.push(noteDown(req));
      return Promise.resolve(false);
    },
  });
  await mock.start();
  return {
    url: mock.url,
    mock,
    seen,
    last() {
      const request = seen.at(-1);
      if (!request) throw new Error("No request came to the mock.");
      return request;
    },
    close: () => mock.stop(),
  };
}

/** Notes a request down while the mock reads it. */
function noteDown(req: IncomingMessage): Seen {
  const chunks: Buffer[] = [];
  const emit = req.emit.bind(req) as (name: string, ...data: unknown[]) => boolean;
  req.emit = (name: string, ...data: unknown[]) => {
    if (name === "data") chunks.push(Buffer.from(data[0] as Uint8Array));
    return emit(name, ...data);
  };
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) headers[name] = String(value);
  const { method = "", url = "" } = req;
  return {
    method,
    url,
    headers,
    get body() {
      return Buffer.concat(chunks);
    },
  };
}

/** A `fetch` for an SDK that keeps the bytes it sends. */
export function recordingFetch(): { fetch: typeof fetch; sent: Seen[] } {
  const sent: Seen[] = [];
  return {
    sent,
    async fetch(input, init) {
      const request = new Request(input, init);
      const body = Buffer.from(await request.arrayBuffer());
      const { method, url } = request;
      const headers = Object.fromEntries(request.headers);
      sent.push({ method, url, headers, body });
      return fetch(url, {
        method,
        headers,
        body: body.length > 0 ? body : null,
        signal: init?.signal ?? null,
      });
    },
  };
}
