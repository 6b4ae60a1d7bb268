/** What translation costs: processor time a chunk of a stream beside pass-through, and the time for a long history. */
import anthropic from "../../plugins/protocols/anthropic/index.ts";
import openai from "../../plugins/protocols/openai-chat/index.ts";
import { call, firstAnswer } from "./call.ts";
import { launch } from "./launch.ts";
import { usage } from "./measure.ts";
import { chatRequest, chunksPerStream, sseRequest } from "./payloads.ts";
import { median } from "./stats.ts";
import { startUpstream } from "./upstream.ts";
import type { GatewayContext, Plugin, Protocol } from "../../core/index.ts";
import type { Launched } from "./launch.ts";
import type { Generator } from "./load.ts";
import type { Peer } from "./peers.ts";

/** Clients of other protocols, whose streams the same OpenAI upstream answers. */
const clients: Record<string, { path: string; body: string }> = {
  anthropic: {
    path: "/v1/messages",
    body: '{"model":"gpt-4o","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"What is a sluice?"}]}',
  },
  gemini: {
    path: "/v1beta/models/gpt-4o:streamGenerateContent?alt=sse",
    body: '{"contents":[{"role":"user","parts":[{"text":"What is a sluice?"}]}]}',
  },
  responses: {
    path: "/v1/responses",
    body: '{"model":"gpt-4o","stream":true,"input":"What is a sluice?"}',
  },
};

/** Of 1 s each. */
const rounds = 7;

export interface TranslationReport {
  /** Processor time a chunk of streams that pass as they are, µs. */
  passing?: number;
  /** The same of translated ones, by the client's protocol, and the ratio. */
  readonly translated: Record<string, { cpu: number; ratio: number }>;
  /**
   * ms that a history of 1 MB takes from Anthropic's messages to OpenAI's, reading and writing JSON included: the lowest
   * of some medians, as nothing makes it faster than it is.
   */
  history?: number;
  failed?: string;
}

export async function measureTranslation(peer: Peer, generator: Generator): Promise<TranslationReport> {
  const report: TranslationReport = { translated: {} };
  const upstream = await startUpstream("sse");
  try {
    const launched = await launch(peer, upstream.port);
    if (!launched.child) throw new Error(`${peer.name} has no process of its own`);
    try {
      await firstAnswer(launched.child, launched.target, chatRequest);
      await measureStreams(launched, generator, report);
    } finally {
      await launched.child.stop();
    }
    report.history = await measureHistory();
  } catch (error) {
    report.failed = error instanceof Error ? error.message : String(error);
  } finally {
    await upstream.child.stop();
  }
  return report;
}

/** In turns, in one process: what troubles the machine troubles all alike. */
async function measureStreams(
  launched: Launched,
  generator: Generator,
  report: TranslationReport,
): Promise<void> {
  const lanes = { passing: { path: "/v1/chat/completions", body: sseRequest }, ...clients };
  const costs = new Map<string, number[]>();
  for (let round = -1; round < rounds; round++) {
    for (const [name, { path, body }] of Object.entries(lanes)) {
      const url = new URL(path, launched.target.url).href;
      const lane = { ...launched, target: { ...launched.target, url } };
      if (round < 0) await check(lane, body);
      const cpu = await cpuPerChunk(lane, generator, body);
      // The first round warms up.
      if (round >= 0) costs.set(name, [...(costs.get(name) ?? []), cpu]);
    }
  }
  const passing = costs.get("passing") ?? [];
  report.passing = median(passing);
  for (const name of Object.keys(clients)) {
    const seen = costs.get(name) ?? [];
    const ratios = seen.map((cpu, round) => cpu / (passing[round] ?? Number.NaN));
    report.translated[name] = { cpu: median(seen) ?? Number.NaN, ratio: median(ratios) ?? Number.NaN };
    console.error(`translation: ${name} ${report.translated[name].ratio.toFixed(2)} of pass-through`);
  }
}

async function check({ target }: Launched, body: string): Promise<void> {
  const answer = await call(target, body);
  const whole = answer.body.includes("word1") && answer.body.includes(`word${chunksPerStream - 2}`);
  if (answer.status !== 200 || !whole) {
    throw new Error(`${target.url}: status ${answer.status}: ${answer.body.slice(0, 200)}`);
  }
}

async function cpuPerChunk(lane: Launched, generator: Generator, body: string): Promise<number> {
  const pid = lane.child?.pid ?? 0;
  const before = usage(pid);
  const seen = await generator.forSeconds(lane, body, 1);
  const after = usage(pid);
  if (!before || !after || seen.calls === 0 || seen.failed > 0) {
    throw new Error(`${lane.target.url}: ${seen.failed} of ${seen.calls} calls failed`);
  }
  return (after.cpu - before.cpu) / (seen.calls * chunksPerStream);
}

async function protocolOf(plugin: Plugin): Promise<Protocol> {
  const { protocol } = await plugin.setup(undefined, {} as GatewayContext);
  return [protocol ?? []].flat()[0] as Protocol;
}

/** Turns with tool calls, as a coding agent has them, up to 1 MB of JSON. */
function longHistory(): string {
  const messages: object[] = [];
  const output = "export function work(input: string): string { return input.trim(); }\n".repeat(40);
  for (let size = 0, turn = 0; size < 1_000_000; turn++) {
    const id = `toolu_${turn}`;
    messages.push(
      { role: "user", content: [{ type: "text", text: `Look at file ${turn}, please.` }] },
      {
        role: "assistant",
        content: [
          { type: "text", text: "I will read it." },
          { type: "tool_use", id, name: "read", input: { path: `src/file-${turn}.ts`, lines: [1, 200] } },
        ],
      },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: id, content: [{ type: "text", text: output }] }],
      },
      { role: "assistant", content: [{ type: "text", text: "It trims its input." }] },
    );
    size += output.length + 500;
  }
  return JSON.stringify({
    model: "gpt-4o",
    max_tokens: 1000,
    messages: [...messages, { role: "user", content: "Go on." }],
  });
}

async function measureHistory(): Promise<number> {
  const medians: number[] = [];
  for (let turn = 0; turn < 5; turn++) medians.push(await historyOnce());
  return Math.min(...medians);
}

async function historyOnce(): Promise<number> {
  const from = (await protocolOf(anthropic)).codecs?.chat;
  const to = (await protocolOf(openai)).codecs?.chat;
  if (!from || !to) throw new Error("a protocol translates no chats");
  const endpoint = { method: "POST", path: "/v1/messages", operation: "chat" };
  const about = {
    id: "1",
    created: 0,
    model: "gpt-4o",
    stream: false,
    endpoint,
    path: endpoint.path,
    caller: "",
  };
  const context = { ...about, drop() {}, waitUntil() {} };
  const text = longHistory();
  const times: number[] = [];
  for (let run = 0; run < 30; run++) {
    const begin = performance.now();
    const request = await from.decodeRequest(JSON.parse(text), context);
    JSON.stringify(to.encodeRequest(request, context));
    times.push(performance.now() - begin);
  }
  // The first ones run cold.
  return median(times.slice(5)) ?? Number.NaN;
}
