import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createGateway } from "../config/index.ts";
import type { Gateway } from "../config/index.ts";
import { listen } from "./_listen.ts";

/** One request as an upstream saw it. */
export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  rawHeaders: string[];
  body: Buffer;
}

export interface TestUpstream {
  url: string;
  requests: SeenRequest[];
  close(): Promise<void>;
}

/** A real HTTP server as an upstream. The handler is called once the request's body is here. */
export async function startUpstream(
  handler: (req: IncomingMessage & { body: Buffer }, res: ServerResponse) => void,
): Promise<TestUpstream> {
  const requests: SeenRequest[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const body = Buffer.concat(chunks);
      const { method = "", url = "", headers, rawHeaders } = req;
      requests.push({ method, url, headers, rawHeaders, body });
      handler(Object.assign(req, { body }), res);
    });
    req.on("error", () => {});
  });
  return { url: await listenOn(server), requests, close: () => closeServer(server) };
}

/** Listens on a free port of the loopback address. */
export async function listenOn(server: import("node:net").Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Stops a server and cuts what is still open. */
export function closeServer(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export interface TestGateway {
  url: string;
  gateway: Gateway;
  /** What the gateway said to whoever runs it. */
  messages: { level: string; text: string }[];
  close(): Promise<void>;
}

/** A gateway on a real socket of this runtime, from a configuration as a user writes it. */
export async function startGateway(config: object): Promise<TestGateway> {
  const messages: TestGateway["messages"] = [];
  const say =
    (level: string) =>
    (text: string, ...data: unknown[]): void =>
      void messages.push({ level, text: [text, ...data].map(String).join(" ") });
  const log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  const gateway = await createGateway(quiet(config), { log });
  const server = await listen(gateway);
  return {
    url: server.url,
    gateway,
    messages,
    async close() {
      await server.close();
      await gateway.close(1000);
    },
  };
}

/** Takes the request log out, unless the configuration speaks of it. */
function quiet(config: object): object {
  const { plugins = [] } = config as { plugins?: unknown };
  if (!Array.isArray(plugins) || JSON.stringify(plugins).includes("request-log")) return config;
  return { ...config, plugins: [{ "request-log": false }, ...plugins] };
}

/** An answer as OpenAI's chat completions gives it. */
export function chatAnswer(content = "Hello!", model = "gpt-4o"): object {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model,
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 10, completion_tokens: 12, total_tokens: 22 },
  };
}

/** Sends JSON with its length. */
export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  res.end(text);
}

/** Nothing listens there: a port that was free a moment ago may be another test's by now. */
export const closedAddress = "http://127.0.0.1:1";

/** Resolves when the condition holds; rejects after `timeout` ms: far more than a slow machine needs. */
export async function until(condition: () => boolean | Promise<boolean>, timeout = 60_000): Promise<void> {
  const end = performance.now() + timeout;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error("the condition did not come to hold");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
