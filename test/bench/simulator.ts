/** How long `sluice simulate` takes for a million calls over a thousand upstreams. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { usage } from "./measure.ts";
import { root, scratch, start } from "./processes.ts";

const upstreams = 1000;
const calls = 1_000_000;

export interface SimulatorReport {
  readonly upstreams: number;
  readonly calls: number;
  /** s, from spawning to the end. */
  readonly wall?: number;
  /** s, user and system. */
  readonly cpu?: number;
  /** Bytes. */
  readonly peak?: number;
  readonly failed?: string;
}

/** Plays an hour in which every tenth upstream dies for five minutes, with the build. */
export async function measureSimulator(): Promise<SimulatorReport> {
  const report = { upstreams, calls };
  const entry = join(root, "dist/core/cli/main.js");
  if (!existsSync(entry)) return { ...report, failed: "it is not built: run `npm run build` first" };
  const cwd = join(scratch, "simulator");
  mkdirSync(cwd);
  writeFileSync(join(cwd, "sluice.json"), JSON.stringify(config()));
  writeFileSync(join(cwd, "load.json"), JSON.stringify(load));
  const begin = performance.now();
  const child = start(
    "simulator",
    "gateway",
    [process.execPath, entry, "simulate", "--load", "load.json"],
    cwd,
  );
  let seen = usage(child.pid);
  while (!child.ended()) {
    await Promise.race([delay(200), child.end]);
    seen = usage(child.pid) ?? seen;
  }
  const wall = (performance.now() - begin) / 1000;
  const said = child.output(200);
  if ((await child.end) !== 0 || !said.startsWith("1,000,000 calls")) {
    return { ...report, failed: said.split("\n").at(-1) || "it said nothing" };
  }
  return { ...report, wall, ...(seen && { cpu: seen.cpu / 1e6, peak: seen.peak }) };
}

function config(): object {
  const models = Array.from({ length: 10 }, (_, i) => `model-${i}`);
  return {
    upstreams: Array.from({ length: upstreams }, (_, i) => ({
      name: `upstream-${i}`,
      provider: "openai",
      baseURL: `https://upstream-${i}.invalid/v1`,
      keys: [`sk-${i}-a-000000`, `sk-${i}-b-000000`],
      models,
      weight: 1 + (i % 5),
    })),
    keys: [{ key: "sk-bench-000000", name: "bench", limits: ["1000000/min", "10000000000 tokens/min"] }],
  };
}

const load = {
  arrivals: "constant",
  phases: [{ for: "1h", rate: calls / 3600 }],
  calls,
  upstreams: { "*": { firstByte: { p50: 300, p95: 900 }, tokensPerSecond: 150, errors: { 500: 0.002 } } },
  failures: [{ at: "10m", for: "5m", upstream: "upstream-*7", do: "refuse" }],
};
