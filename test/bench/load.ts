/** The load generators: wrk, or autocannon where wrk is not installed. Both keep a number of connections busy. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Target } from "./call.ts";
import { installed } from "./install.ts";
import type { Launched } from "./launch.ts";
import { run, scratch, which } from "./processes.ts";

/** What a generator saw. */
export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  /** Bytes received, heads included. */
  readonly bytes: number;
  /** Time from a call to the end of its answer, ms. */
  readonly p50: number;
  readonly p99: number;
  /** Calls that were answered with an error status, broken or timed out. */
  readonly failed: number;
}

export interface Generator {
  readonly name: string;
  /** Calls for a number of seconds. */
  forSeconds(launched: Launched, body: string, seconds: number): Promise<LoadResult>;
  /** Makes a number of calls; only `calls` and `failed` of the result are filled. */
  forCalls(launched: Launched, body: string, calls: number): Promise<LoadResult>;
}

export const connections = 32;

/** wrk where it is installed, else autocannon. Throws when neither is to be had. */
export async function findGenerator(): Promise<Generator> {
  const path = which("wrk");
  if (path) return wrk(path);
  const folder = await installed("autocannon", "autocannon");
  return autocannon(join(folder, "autocannon.js"));
}

function wrk(path: string): Generator {
  const script = fileURLToPath(new URL("wrk.lua", import.meta.url));
  const start = async ({ child, target }: Launched, body: string, seconds: number, calls: number) => {
    const file = join(scratch, "request-body");
    writeFileSync(file, body);
    const flags = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script];
    const command = [path, ...flags, ...headerFlags(target), target.url, "--", file, `${calls}`];
    const printed = await run("wrk", "load", command, child);
    return lastJson(printed) as LoadResult;
  };
  return {
    name: "wrk",
    forSeconds: (launched, body, seconds) => start(launched, body, seconds, 0),
    // The script ends wrk after the last call; the time is only the longest that it may take.
    forCalls: (launched, body, calls) => start(launched, body, 600, calls),
  };
}

/** What autocannon's JSON report says that is used here. */
interface AutocannonReport {
  requests: { total: number };
  throughput: { total: number };
  latency: { p50: number; p99: number };
  duration: number;
  errors: number;
  non2xx: number;
}

function autocannon(script: string): Generator {
  const start = async ({ child, target }: Launched, body: string, amount: string[]): Promise<LoadResult> => {
    const flags = ["-j", "-n", "-c", `${connections}`, "-m", "POST", "-b", body, ...amount];
    const command = [process.execPath, script, ...flags, ...headerFlags(target), target.url];
    const report = lastJson(await run("autocannon", "load", command, child)) as AutocannonReport;
    return {
      calls: report.requests.total,
      seconds: report.duration,
      bytes: report.throughput.total,
      p50: report.latency.p50,
      p99: report.latency.p99,
      failed: report.errors + report.non2xx,
    };
  };
  return {
    name: "autocannon",
    forSeconds: (launched, body, seconds) => start(launched, body, ["-d", `${seconds}`]),
    forCalls: (launched, body, calls) => start(launched, body, ["-a", `${calls}`]),
  };
}

function headerFlags(target: Target): string[] {
  return Object.entries(target.headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
}

function lastJson(printed: string): unknown {
  const line = printed.split("\n").findLast((one) => one.startsWith("{"));
  if (!line) throw new Error(`the load generator gave no result: ${printed.slice(-300)}`);
  return JSON.parse(line);
}
