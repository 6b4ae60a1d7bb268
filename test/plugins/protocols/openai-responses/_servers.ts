import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import type { Fields } from "../../../../core/index.ts";
import { sendJson, startGateway, startUpstream } from "../../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../../_gateway.ts";

const folder = "./test/plugins/protocols/openai-responses";
export const chatProvider = `${folder}/_chat-provider.ts`;
export const responsesProvider = `${folder}/_responses-provider.ts`;

export interface Service extends TestUpstream {
  /** What it answers next, in order; the last one again and again. */
  answers: ((res: ServerResponse) => void)[];
  /** The latest request's JSON. */
  last(): Fields;
}

/** A server that answers what it is told to. */
export async function startService(): Promise<Service> {
  const answers: Service["answers"] = [];
  const upstream = await startUpstream((_req, res) => {
    const next = answers.length > 1 ? answers.shift() : answers[0];
    if (next) next(res);
    else sendJson(res, 500, { error: { message: "nothing to answer" } });
  });
  return Object.assign(upstream, {
    answers,
    last(): Fields {
      const request = upstream.requests.at(-1);
      assert.ok(request, "no request came");
      return JSON.parse(request.body.toString()) as Fields;
    },
  });
}

/** A gateway before one service, whose model is `model-1` to callers and `their-model` there. */
export function startBefore(
  provider: string,
  service: TestUpstream,
  rest: object = {},
): Promise<TestGateway> {
  return startGateway({
    keys: ["sk-one-0001", "sk-two-0002"],
    upstreams: [{ provider, baseURL: service.url, key: "uk-1", models: [{ "their-model": "model-1" }] }],
    plugins: [{ retry: { attempts: 1 } }],
    ...rest,
  });
}

const chat = { id: "chatcmpl-1", object: "chat.completion", created: 1, model: "their-model" };
const usage = {
  prompt_tokens: 30,
  completion_tokens: 12,
  total_tokens: 42,
  prompt_tokens_details: { cached_tokens: 20 },
};

/** A Chat Completions answer. */
export function says(message: Fields, finish_reason = "stop"): (res: ServerResponse) => void {
  const choices = [{ index: 0, message: { role: "assistant", ...message }, finish_reason }];
  return (res) => sendJson(res, 200, { ...chat, choices, usage });
}

/** A Chat Completions stream. Without a reason to finish it breaks off. */
export function streams(deltas: Fields[], finish_reason?: string): (res: ServerResponse) => void {
  const chunk = { ...chat, object: "chat.completion.chunk" };
  const chunks = deltas.map((delta) => ({ ...chunk, choices: [{ index: 0, delta, finish_reason: null }] }));
  const last = { ...chunk, choices: [{ index: 0, delta: {}, finish_reason }] };
  const all = finish_reason === undefined ? chunks : [...chunks, last, { ...chunk, choices: [], usage }];
  const text = all.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("");
  return (res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    if (finish_reason !== undefined) res.end(`${text}data: [DONE]\n\n`);
    else res.write(text, () => res.destroy());
  };
}

/** Any JSON with any status. */
export function gives(status: number, body: object): (res: ServerResponse) => void {
  return (res) => sendJson(res, status, body);
}

/** The text of a stream. */
export function givesEvents(text: string): (res: ServerResponse) => void {
  return (res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.end(text);
  };
}
