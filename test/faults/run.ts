import { closedAddress, startGateway } from "../_gateway.ts";
import { startRawUpstream } from "../_raw.ts";
import { answerWell, faults } from "./faults.ts";
import type { Fault } from "./faults.ts";

/** What the calls of one cell came to. */
export interface FaultResult {
  fault: Fault;
  stream: boolean;
  /** Another target is healthy. */
  another: boolean;
  /** Each outcome once: `answered`, a status, or `error event`. */
  outcomes: string[];
  /** The longest of its calls, ms. */
  longest: number;
}

/** Calls of one cell: the first ones meet the fault, later ones what was learnt of it. */
const calls = 5;
/** No call may take longer than this, ms: several attempts with their time-outs, on a slow machine. */
export const deadline = 30_000;

const plugins = { learning: [], naive: [{ breaker: false }, { cooldown: false }] } as const;

/** Runs every fault, stream and not, alone and beside a healthy target. */
export async function runFaults(): Promise<FaultResult[]> {
  const cells = faults.flatMap((fault) =>
    [false, true].flatMap((stream) =>
      (stream && fault.wholeOnly) || (!stream && fault.streamOnly)
        ? []
        : [false, true].map((another) => ({ fault, stream, another })),
    ),
  );
  const results: FaultResult[] = [];
  // Most of their time is spent waiting.
  const queue = [...cells.entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await runCell(next[1]);
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return results;
}

type Cell = Pick<FaultResult, "fault" | "stream" | "another">;

async function runCell(cell: Cell): Promise<FaultResult> {
  const outcomes = new Set<string>();
  let longest = 0;
  for (const manner of Object.keys(plugins) as (keyof typeof plugins)[]) {
    const stage = await setUp(cell, manner);
    try {
      for (let i = 0; i < calls; i++) {
        const begun = performance.now();
        outcomes.add(
          await call(stage, cell.stream).catch((error: unknown) => `not expected: ${String(error)}`),
        );
        longest = Math.max(longest, performance.now() - begun);
      }
    } finally {
      await stage.close();
    }
  }
  return { ...cell, outcomes: [...outcomes], longest };
}

interface Stage {
  url: string;
  /** To be called when the client has something of the answer. */
  begin(): void;
  close(): Promise<void>;
}

async function setUp({ fault, stream, another }: Cell, manner: keyof typeof plugins): Promise<Stage> {
  let begin = (): void => {};
  const faulty = await startRawUpstream((request) =>
    fault.answer(request, stream, new Promise((resolve) => (begin = resolve))),
  );
  const healthy = await startRawUpstream((request) => answerWell(request, stream));
  const upstream = (name: string, url: string, priority: number, timeouts: object) => ({
    provider: "openai",
    name,
    baseURL: `${url}/v1`,
    key: "uk",
    models: ["m"],
    priority,
    timeouts,
  });
  const gateway = await startGateway({
    keys: ["sk-caller-0001"],
    upstreams: [
      upstream("faulty", fault.refused ? closedAddress : faulty.url, 1, fault.timeouts ?? {}),
      ...(another ? [upstream("healthy", healthy.url, 0, {})] : []),
    ],
    plugins: [{ retry: { attempts: 3, maxRetryAfter: "1s" } }, ...plugins[manner]],
  });
  return {
    url: gateway.url,
    begin: () => begin(),
    async close() {
      await gateway.close();
      await Promise.all([faulty.close(), healthy.close()]);
    },
  };
}

/** One call; what its client sees. Rejects for what no client should see. */
async function call({ url, begin }: Stage, stream: boolean): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer sk-caller-0001", "content-type": "application/json" },
    body: JSON.stringify({ model: "m", stream, messages: [{ role: "user", content: "hi" }] }),
    signal: AbortSignal.timeout(deadline),
  });
  let text = "";
  const decoder = new TextDecoder();
  const whole = await read();
  if (response.status !== 200) {
    const { error } = JSON.parse(text) as { error: { message: string } };
    if (!whole || !error.message) throw new Error(`no clear error: ${text}`);
    return String(response.status);
  }
  if (whole && text.includes("healthy") && (!stream || text.endsWith("data: [DONE]\n\n"))) return "answered";
  const events = text.trimEnd().split("\n\n");
  const last = (events.at(-1) ?? "").split("\n").find((line) => line.startsWith("data: "));
  const { error } = JSON.parse(last?.slice("data: ".length) ?? "{}") as { error?: { message: string } };
  // A stream that broke is cut, whatever stands in it.
  if (!whole && stream && error?.message) return "error event";
  throw new Error(`a broken answer that looks ${whole ? "whole" : "like nothing"}: ${text}`);

  async function read(): Promise<boolean> {
    try {
      for await (const piece of response.body as ReadableStream<Uint8Array>) {
        text += decoder.decode(piece, { stream: true });
        begin();
      }
      return true;
    } catch {
      return false;
    }
  }
}
