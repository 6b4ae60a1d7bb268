import { request as requestPlain } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as requestSecure } from "node:https";
import { startUpstream } from "../../_gateway.ts";
import type { ServerResponse } from "node:http";

export interface Answer {
  status: number;
  body: string;
  /** It was cut off. */
  broken: boolean;
}

/** An answer that has begun. */
export interface Stream {
  status: number;
  /** What came so far. */
  body(): string;
  /** Resolves when it has ended, in order or not. */
  ended: Promise<Answer>;
}

export interface Call {
  key?: string;
  /** Sent as JSON with POST; without it, GET. */
  body?: object;
}

/** Calls over a connection of its own; resolves with the answer's headers. Rejects when there is no connection. */
export function open(url: string, { key, body }: Call = {}): Promise<Stream> {
  const text = body && JSON.stringify(body);
  const options = {
    agent: false as const,
    method: text === undefined ? "GET" : "POST",
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(text !== undefined && {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
      }),
    },
  };
  return new Promise((resolve, reject) => {
    const began = (answer: IncomingMessage): void => resolve(follow(answer));
    // The certificate is one that nobody signed.
    const req = url.startsWith("https:")
      ? requestSecure(url, { ...options, rejectUnauthorized: false }, began)
      : requestPlain(url, options, began);
    req.on("error", reject);
    req.end(text);
  });
}

function follow(answer: IncomingMessage): Stream {
  const { statusCode: status = 0 } = answer;
  let body = "";
  const ended = new Promise<Answer>((resolve) => {
    const end = (): void => resolve({ status, body, broken: !answer.complete });
    answer.on("end", end);
    answer.on("error", end);
    answer.on("close", end);
  });
  answer.setEncoding("utf8").on("data", (text: string) => (body += text));
  return { status, body: () => body, ended };
}

/** Calls and waits for the whole answer. */
export async function call(url: string, options?: Call): Promise<Answer> {
  return (await open(url, options)).ended;
}

export const chat = (model = "m", stream = false): object => ({
  model,
  ...(stream && { stream }),
  messages: [{ role: "user", content: "Hello" }],
});

/** An upstream that streams one piece, and the rest when it is told to. */
export async function startSlowUpstream() {
  const waiting: ServerResponse[] = [];
  const piece = (content: string): string =>
    `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
  const upstream = await startUpstream((_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(piece("first"));
    waiting.push(res);
  });
  return {
    ...upstream,
    finish: () => {
      for (const res of waiting) res.end(`${piece("last")}data: [DONE]\n\n`);
    },
  };
}

/** A configuration with one upstream that offers the model `m` to anyone. */
export function configFor(upstreamURL: string, more: object = {}): string {
  return JSON.stringify({
    upstreams: [{ name: "up", provider: "openai", baseURL: `${upstreamURL}/v1`, models: ["m"] }],
    plugins: [{ auth: { anonymous: true } }],
    ...more,
  });
}
