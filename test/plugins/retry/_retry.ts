import type { IncomingMessage, ServerResponse } from "node:http";
import { startWatched } from "../../_calls.ts";
import type { WatchedGateway } from "../../_calls.ts";
import type { Defer } from "../../_defer.ts";
import { chatAnswer, sendJson, startUpstream } from "../../_gateway.ts";
import type { TestUpstream } from "../../_gateway.ts";

type Handler = (req: IncomingMessage & { body: Buffer }, res: ServerResponse) => void;

/** An upstream by what it does; a number is a status that it refuses everything with. */
export async function upstream(
  defer: Defer,
  does: Handler | number | "answers" | "hangs",
): Promise<TestUpstream> {
  const started = await startUpstream((req, res) => {
    if (does === "hangs") return;
    if (typeof does === "function") does(req, res);
    else if (does === "answers") sendJson(res, 200, chatAnswer());
    else sendJson(res, does, { error: { message: `no ${does}` } });
  });
  defer(started.close);
  return started;
}

/** OpenAI's error. */
export function refuse(res: ServerResponse, status: number, code: string, message = code): void {
  sendJson(res, status, { error: { message, type: "invalid_request_error", param: null, code } });
}

export interface Served {
  upstream: TestUpstream;
  models?: string[];
  priority?: number;
  keys?: string[];
}

/** A gateway before these, tried in this order. */
export async function gatewayBefore(
  defer: Defer,
  served: Served[],
  given: Record<string, object | boolean> = {},
): Promise<WatchedGateway> {
  // What watches over targets has tests of its own.
  const plugins = { breaker: false, cooldown: false, ...given };
  const gateway = await startWatched({
    upstreams: served.map(({ upstream: { url }, models = ["gpt-4o"], priority, keys = ["sk-up"] }, i) => ({
      name: `up${i + 1}`,
      provider: "openai",
      baseURL: `${url}/v1`,
      keys,
      models,
      priority: priority ?? -i,
    })),
    plugins: Object.entries(plugins).map(([name, options]) => ({ [name]: options })),
  });
  defer(gateway.close);
  return gateway;
}

export interface Answered {
  status: number;
  headers: Headers;
  body: unknown;
}

/** Asks for a chat. */
export async function ask(gateway: { url: string }, more: object = {}): Promise<Answered> {
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }], ...more }),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

export function codeOf({ body }: Answered): string {
  return (body as { error: { code: string } }).error.code;
}
