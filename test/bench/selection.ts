/** What it costs to find the first target of a call among a thousand upstreams, by each strategy. */
import * as v from "valibot";
import { createGateway, loadConfig } from "../../config/index.ts";
import { CallState } from "../../core/call-state.ts";
import { enterGates, leaveGates } from "../../core/gates.ts";
import routing from "../../plugins/routing/index.ts";
import { median } from "./stats.ts";
import type { LoadedConfig } from "../../config/index.ts";
import type {
  Attempt,
  Candidate,
  Choice,
  Endpoint,
  GatewayContext,
  Middleware,
  Target,
} from "../../core/index.ts";

const upstreams = 1000;
const models = 100;
const warmCalls = 20_000;
const batch = 500;
const batches = 40;

/** One strategy's figures. */
export interface SelectionCost {
  /** Processor time from a read call to its first target, µs. */
  readonly call: number;
  /** The same of a model's first call, whose plan is made, ms: the median of all models. */
  readonly first: number;
}

export interface SelectionReport {
  readonly strategies: Record<string, SelectionCost>;
  failed?: string;
}

/** Every upstream offers every model; each strategy is warmed up with calls that come to an end. */
export async function measureSelection(): Promise<SelectionReport> {
  const report: SelectionReport = { strategies: {} };
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const gateway = await createGateway(await config(), { log: silent });
  try {
    const { context } = gateway;
    for (const name of context.strategies.keys()) {
      report.strategies[name] = await measureStrategy(name, context);
      console.error(`selection: ${name} ${report.strategies[name].call.toFixed(1)} µs`);
    }
  } catch (error) {
    report.failed = error instanceof Error ? error.message : String(error);
  } finally {
    await gateway.close(0);
  }
  return report;
}

/** Files may not be as long as this is: the models are put in once it is loaded. */
async function config(): Promise<LoadedConfig> {
  const names = Array.from({ length: models }, (_, model) => `model-${model}`);
  const loaded = await loadConfig({
    file: false,
    config: {
      upstreams: Array.from({ length: upstreams }, (_, place) => ({
        name: `upstream-${place}`,
        provider: "openai",
        baseURL: "http://127.0.0.1:9/v1",
        key: `sk-${place}`,
        models: ["model"],
        weight: 1 + (place % 10),
      })),
      plugins: [{ "request-log": false }],
    },
  });
  for (const upstream of loaded.config.upstreams ?? []) upstream.models = names;
  return loaded;
}

async function measureStrategy(strategy: string, context: GatewayContext): Promise<SelectionCost> {
  const { middleware, close } = await routing.setup(v.parse(routing.options!, { strategy }), context);
  if (!middleware) throw new Error("routing has no middleware");
  const firsts: number[] = [];
  for (let model = 0; model < models; model++) {
    const call = newCall(context, model);
    firsts.push(await timeOf([call], middleware));
    // What later calls would make one by one.
    for (const option of call.candidates) void (option as Candidate & Choice).targets;
  }
  for (let count = 0; count < warmCalls; count++) {
    const call = newCall(context, count);
    await attempt(call, await firstTarget(call, middleware));
  }
  const costs: number[] = [];
  for (let round = 0; round < batches; round++) {
    const calls = Array.from({ length: batch }, (_, count) => newCall(context, round * batch + count));
    costs.push((await timeOf(calls, middleware)) / batch);
  }
  // Else its plans would be in the way of the next one's.
  await close?.();
  return { call: (median(costs) ?? Number.NaN) * 1000, first: median(firsts) ?? Number.NaN };
}

/** Processor time, ms, that it takes to find the first target of each, one call after the other. */
async function timeOf(calls: readonly CallState[], middleware: Middleware): Promise<number> {
  const before = process.cpuUsage();
  for (const call of calls) await firstTarget(call, middleware);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const done = Promise.resolve(new Response(null));

async function firstTarget(call: CallState, middleware: Middleware): Promise<Target> {
  let target: Target | undefined;
  await middleware(call, () => {
    target = call.targets?.next().value;
    return done;
  });
  if (!target) throw new Error("no target was found");
  return target;
}

const request = new Request("http://gateway/v1/chat/completions", { method: "POST" });
const endpoint: Endpoint = { method: "POST", path: "/v1/chat/completions", operation: "chat" };

/** A call whose body was read: a system prompt of some size, and a question that no other call has. */
function newCall(context: GatewayContext, number: number): CallState {
  const protocol = context.protocols.get("openai-chat")!;
  const match = { prefix: undefined, rest: endpoint.path, endpoint, protocol, operation: "chat" };
  const call = new CallState(context, {
    request,
    path: endpoint.path,
    search: "",
    ip: "",
    match: match as never,
    inner: false,
  });
  const model = `model-${number % models}`;
  const messages = [
    { role: "system", content: "Answer in one sentence, and say so where you do not know. ".repeat(8) },
    { role: "user", content: `What is sluice number ${number}?` },
  ];
  call.json = { model, messages };
  call.facts = protocol.readRequest?.(call.json, endpoint, endpoint.path);
  call.model = model;
  return call;
}

/** An attempt from its beginning to its end, some of them failed. */
async function attempt(call: CallState, target: Target): Promise<void> {
  const { clock, gates } = call.gateway;
  const failed = clock.random() < 0.02;
  const made = {
    target,
    startedAt: clock.now(),
    duration: 200 + 800 * clock.random(),
    status: failed ? 500 : 200,
    entered: 0,
  } as Attempt;
  await enterGates(gates, made, call);
  leaveGates(gates, made, call, "complete");
}
