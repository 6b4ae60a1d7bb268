import * as v from "valibot";
import { loadConfig } from "../../../config/load.ts";
import { loadSchema } from "../../../core/simulation/load.ts";
import { simulate } from "../../../core/simulation/simulate.ts";
import type { SimulatedUpstream, SimulationResult } from "../../../core/simulation/result.ts";

/** Runs a simulation of a configuration and a load, both as a person writes them. */
export async function simulated(config: object, load: object, seed?: number): Promise<SimulationResult> {
  const loaded = await loadConfig({ file: false, config });
  return simulate({ config: loaded.config, load: v.parse(loadSchema, load), seed });
}

/** An upstream that speaks OpenAI's protocol and offers the model `m`. */
export function upstream(name: string, more: object = {}): object {
  return {
    name,
    provider: "openai",
    baseURL: `https://${name}.test/v1`,
    keys: [`sk-${name}-0000`],
    models: ["m"],
    ...more,
  };
}

/** Calls that every upstream answered, by its name. */
export function answered({ upstreams }: SimulationResult): Record<string, number> {
  return Object.fromEntries(upstreams.map(({ name, answered }: SimulatedUpstream) => [name, answered]));
}

/** A pipeline without plugins that ask for keys, rest targets or try others, but for those that are given. */
export function bare(given: Record<string, object> = {}): object[] {
  const plugins = { auth: false, breaker: false, cooldown: false, capacity: false, retry: false, ...given };
  return Object.entries(plugins).map(([name, options]) => ({ [name]: options }));
}

/** Services that answer at once and never fail. */
export const quick = { "*": { firstByte: 10, tokensPerSecond: 100_000, errors: {} } };
