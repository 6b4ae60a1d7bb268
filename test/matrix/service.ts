import { LLMock } from "@copilotkit/aimock";
import type { ChatCompletionRequest, Fixture, FixtureResponse } from "@copilotkit/aimock";
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reply, Seen, Upstream } from "./cell.ts";
import { features } from "./features.ts";
import type { Feature } from "./features.ts";
import { readSent } from "./sent/index.ts";

/** The upstreams' only key; Vertex takes one that begins so for an access token. */
export const upstreamKey = "ya29.upstream-only-0001";
/** Tells which cell a request is of. Clients send it, and the gateway passes it on. */
export const cellHeader = "x-matrix-cell";

export interface Service {
  url: string;
  /** The requests of a cell, in order. */
  seen(cell: string): Seen[];
  close(): Promise<void>;
}

/** All upstreams in one server: aimock, and in front of it what it lacks. */
export async function startService(upstreams: readonly Upstream[]): Promise<Service> {
  const cells = new Map<string, Seen[]>();
  const mock = new LLMock({ port: 0, auth: { apiKeys: [upstreamKey] }, logLevel: "silent", chunkSize: 5 });
  for (const feature of Object.values(features)) mock.addFixtures(fixturesOf(feature));
  mock.mount("", { handleRequest: (req, res) => answerHere(req, res, cells, upstreams) });
  await mock.start();
  return { url: mock.url, seen: (cell) => cells.get(cell) ?? [], close: () => mock.stop() };
}

function fixturesOf({ ask, reply, last, other }: Feature): Fixture[] {
  const match = { userMessage: ask.text };
  const response = ask.schema
    ? (request: ChatCompletionRequest) => responseOf(asTool(reply, request))
    : responseOf(reply);
  const fixtures: Fixture[] = [{ match, response }];
  const second = { ...match, hasToolResult: true };
  if (last) fixtures.unshift({ match: second, response: responseOf(last) });
  if (other) fixtures.push({ match: { userMessage: other.ask.text }, response: responseOf(other.reply) });
  return fixtures;
}

/** The same for an answer of ours. */
function replyFor(seen: Seen, { reply, last, other }: Feature): Reply {
  const { texts, results } = readSent(seen);
  if (last && results.length > 0) return last;
  return other && texts.includes(other.ask.text) ? other.reply : reply;
}

/** JSON comes in the call of the only tool, where one is offered for it. */
function asTool(reply: Reply, { tools }: ChatCompletionRequest): Reply {
  const [tool] = tools ?? [];
  if (!tool) return reply;
  const call = { id: "call_json", name: tool.function.name, arguments: reply.content ?? "" };
  return { usage: reply.usage, toolCalls: [call] };
}

function responseOf({ error, usage, content, toolCalls, reasoning }: Reply): FixtureResponse {
  if (error) {
    const { status, message } = error;
    const type = status === 429 ? "rate_limit_error" : "invalid_request_error";
    return { error: { message, type }, status };
  }
  const told = { usage: { input_tokens: usage.input, output_tokens: usage.output, ...chatUsage(usage) } };
  if (toolCalls) return { toolCalls: [...toolCalls], ...told };
  return { content: content ?? "", ...(reasoning && { reasoning }), ...told };
}

/** Each service of aimock's reads its own names. */
function chatUsage({ input, output }: Reply["usage"]): object {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

/** Notes the request down, and answers it where the upstream has an answer of its own. */
async function answerHere(
  req: IncomingMessage,
  res: ServerResponse,
  cells: Map<string, Seen[]>,
  upstreams: readonly Upstream[],
): Promise<boolean> {
  const cell = String(req.headers[cellHeader]);
  const [, name = "", feature = "", mode] = cell.split("/");
  const { method = "", url = "", headers } = req;
  const seen: Seen = { method, url, headers, body: {} };
  cells.set(cell, [...(cells.get(cell) ?? []), seen]);
  const reading = noteDown(req, seen);
  const upstream = upstreams.find((one) => one.name === name);
  const wanted = (features as Record<string, Feature>)[feature];
  if (!upstream?.answer || !wanted) return false;
  const stream = mode === "stream";
  // Whom it is for shows before the body is here; aimock wants to read it itself.
  if (!upstream.answer({ seen, reply: wanted.reply, stream })) return false;
  for await (const _ of req);
  await reading;
  const answer = upstream.answer({ seen, reply: replyFor(seen, wanted), stream });
  if (!answer) throw new Error(`No answer for ${cell}.`);
  res.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
  res.end(answer.body);
  return true;
}

/** Keeps the body while another reads it. */
function noteDown(req: IncomingMessage, seen: Seen): Promise<void> {
  const chunks: Buffer[] = [];
  const emit = req.emit.bind(req) as (name: string, ...data: unknown[]) => boolean;
  return new Promise((resolve) => {
    req.emit = (name: string, ...data: unknown[]) => {
      if (name === "data") chunks.push(Buffer.from(data[0] as Uint8Array));
      if (name === "end") {
        seen.body = JSON.parse(Buffer.concat(chunks).toString()) as Seen["body"];
        resolve();
      }
      return emit(name, ...data);
    };
  });
}
