import { ConfigError } from "../config-error.ts";
import { stageGateway } from "../gateway.ts";
import { CallMaker } from "./simulated-call.ts";
import { describedArrivals } from "./arrivals.ts";
import { simulatedClients } from "./clients.ts";
import { seededRandom } from "./random.ts";
import { resultOf } from "./result.ts";
import { Services } from "./services.ts";
import { Statistics } from "./statistics.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { gateWatcher } from "./watched-gates.ts";
import type { GatewayConfig, KeyConfig, UpstreamConfig } from "../config.ts";
import type { Log } from "../context.ts";
import type { StagedGateway } from "../gateway.ts";
import type { Stage } from "../pipeline.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Load } from "./load.ts";
import type { SimulationResult } from "./result.ts";

export interface Simulation {
  config: GatewayConfig;
  load: Load;
  /** The calls that come, in the place of those that the load describes. */
  trace?: Arrivals | undefined;
  /** Default: the load's. */
  seed?: number | undefined;
  log?: Log;
}

/** Where a simulation begins unless a trace says otherwise: a Wednesday, at midnight. ms since the epoch. */
const midnight = Date.UTC(2025, 0, 1);

/** What only looks at calls, or answers from elsewhere: all calls of a simulation would have one text. */
const without: readonly Stage[] = ["log", "guard", "cache"];

/**
 * Runs calls through a gateway of this configuration, under virtual time and with services that are played. Nothing is
 * sent; the result hangs on the configuration, the calls and the seed alone. Rejects with a ConfigError.
 */
export async function simulate({
  config,
  load,
  trace,
  seed = load.seed,
  log,
}: Simulation): Promise<SimulationResult> {
  const { keys = [] } = config;
  checkKeys(trace?.keys ?? Object.keys(load.keys ?? {}), keys.map(nameOf), trace ? "the trace" : "the load");
  const offered = { models: modelsOf(config.upstreams), keys: keys.map(nameOf) };
  const arrivals = trace ?? describedArrivals(load, offered, seed);
  const clock = new VirtualClock(arrivals.epoch ?? midnight, seededRandom(seed, "gateway"));
  const statistics = new Statistics(() => clock.tick(), arrivals.duration);
  const gateway = await stageGateway(
    prepared(config, arrivals.models),
    { clock, ...(log && { log }) },
    {
      exchange: new Services(load, seed, clock, statistics).exchange,
      deliver: simulatedClients(clock, statistics),
      gate: gateWatcher(statistics, clock.tick),
      without,
    },
  );
  try {
    const maker = new CallMaker(new Map(keys.map((key, i) => [nameOf(key, i), key.key])), load.tokens.max);
    await meet(gateway, maker, arrivals.keys);
    if (!(await play(gateway, clock, arrivals, maker)))
      throw new Error(`${gateway.inFlight} simulated calls wait for something that is not simulated.`);
    const names = gateway.context.upstreams.map(({ name }) => name);
    const notes = notesOf(config, gateway, arrivals);
    return resultOf(statistics, names, { seed, duration: clock.tick(), notes });
  } finally {
    await gateway.close(0);
  }
}

/** Lets all calls come, and waits until the last has ended. False where some never do. */
function play(
  gateway: StagedGateway,
  clock: VirtualClock,
  arrivals: Arrivals,
  maker: CallMaker,
): Promise<boolean> {
  let next = arrivals.next();
  const come = (): void => {
    const arrival = next;
    if (!arrival) return;
    next = arrivals.next();
    if (next) clock.after(next.at - clock.tick(), come);
    void gateway.run((generation) => maker.make(generation, arrival));
  };
  if (next) clock.after(next.at, come);
  return clock.run(() => next === undefined && gateway.inFlight === 0);
}

/** Shows each key once before time begins: to find an unknown one takes real time. */
async function meet(gateway: StagedGateway, maker: CallMaker, keys: readonly string[]): Promise<void> {
  for (const key of keys) await gateway.context.authenticate(maker.request(key)).catch(() => {});
}

/** The configuration with its state in this process, and without services that would have to be asked for their models. */
function prepared(config: GatewayConfig, models: readonly string[]): GatewayConfig {
  const { state: _, ...rest } = config;
  const upstreams = config.upstreams.map((one) => (isListed(one) ? { ...one, models: [...models] } : one));
  return { ...rest, upstreams };
}

function isListed({ models, prefix }: UpstreamConfig): boolean {
  return !models?.length && !prefix?.length;
}

/** All names that are offered, without patterns. */
function modelsOf(upstreams: readonly UpstreamConfig[]): string[] {
  const names = upstreams.flatMap(({ models = [] }) =>
    models.flatMap((model) => (typeof model === "string" ? model : Object.values(model))),
  );
  return [...new Set(names)].filter((name) => !name.includes("*"));
}

/** Keys are told by their names. Throws a ConfigError for those that the configuration does not have. */
function checkKeys(named: readonly string[], known: readonly string[], file: string): void {
  const expected = known.length > 0 ? `one of ${known.join(", ")}` : "none: the configuration has no keys";
  const problems = named
    .filter((name) => !known.includes(name))
    .map((name) => ({ path: ["keys"], found: JSON.stringify(name), expected, file }));
  if (problems.length > 0) throw new ConfigError(problems);
}

function nameOf({ name }: KeyConfig, index: number): string {
  return name ?? `key-${index + 1}`;
}

function notesOf(
  { state, upstreams }: GatewayConfig,
  gateway: StagedGateway,
  { models }: Arrivals,
): string[] {
  const left = gateway.layers
    .filter(({ stage }) => without.includes(stage as Stage))
    .map(({ plugin }) => plugin);
  const listed = upstreams.filter(isListed).map(({ name, provider }) => name ?? provider);
  return [
    left.length > 0 && `Plugins that took no part, since they log, check or cache: ${left.join(", ")}.`,
    state?.driver === "redis" &&
      "Limits and turns are those of one process; with Redis, all processes share them.",
    listed.length > 0 &&
      models.length > 0 &&
      `Upstreams that list their models themselves are taken to offer all that are asked for: ${listed.join(", ")}.`,
  ].filter((note) => note !== false);
}
