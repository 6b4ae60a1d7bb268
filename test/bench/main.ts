/** The benchmark: `node --conditions=sluice-source --import tsx test/bench/main.ts`. See README.md beside it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { dirname, resolve } from "node:path";
import { defineCommand, runMain } from "citty";
import type { BenchReport } from "./goals.ts";
import { judge } from "./goals.ts";
import { connections, findGenerator } from "./load.ts";
import { measureMemory } from "./memory.ts";
import { findNginx } from "./nginx.ts";
import { findDeno, peers } from "./peers.ts";
import { cleanUpAtExit, pinned } from "./processes.ts";
import { formatReport } from "./report.ts";
import { loads, measureLoad } from "./rounds.ts";
import type { LoadName } from "./rounds.ts";
import { measureSelection } from "./selection.ts";
import { measureTranslation } from "./translation.ts";
import { measureShared } from "./shared.ts";
import { measureSimulator } from "./simulator.ts";
import { measureStartup } from "./startup.ts";

const parts = ["chat", "sse", "translation", "selection", "shared", "simulator", "startup", "memory"];

const command = defineCommand({
  meta: { name: "bench", description: "Measures Sluice beside other proxies, in turns, on this machine" },
  args: {
    rounds: { type: "string", default: "9", description: "Rounds of each load" },
    seconds: { type: "string", default: "1", description: "Seconds a peer is loaded in each round" },
    only: { type: "string", description: `Peers, with commas: ${peers.map((peer) => peer.name).join(",")}` },
    load: { type: "string", description: `What to measure, with commas: ${parts.join(",")}` },
    json: {
      type: "string",
      default: "test/bench/bench-results.json",
      description: "File for all figures, each round's too",
    },
  },
  async run({ args }) {
    const rounds = wholeNumber("rounds", args.rounds);
    const seconds = wholeNumber("seconds", args.seconds);
    const names = peers.map((peer) => peer.name);
    const chosen = selection("only", args.only, names);
    const wanted = selection("load", args.load, parts);
    const generator = await findGenerator();

    const report: BenchReport = {
      machine: machine(),
      plan: { rounds, seconds, connections, generator: generator.name },
      loads: [],
    };
    const measured = peers.filter((peer) => chosen.includes(peer.name));
    for (const name of Object.keys(loads) as LoadName[]) {
      if (!wanted.includes(name)) continue;
      report.loads.push(await measureLoad(name, measured, { rounds, seconds, generator }));
    }
    const sluice = measured.find((peer) => peer.name === "sluice");
    if (sluice && wanted.includes("translation")) {
      report.translation = await measureTranslation(sluice, generator);
    }
    if (wanted.includes("selection")) report.selection = await measureSelection();
    if (sluice && wanted.includes("shared")) report.shared = await measureShared();
    if (wanted.includes("simulator")) report.simulator = await measureSimulator();
    if (sluice && wanted.includes("startup")) report.startup = await measureStartup(sluice);
    if (sluice && wanted.includes("memory")) report.memory = await measureMemory(sluice, generator);

    console.log(formatReport(report));
    console.log(`All figures are in ${save(report, args.json)}`);
  },
});

/** Writes the report with its judgements as JSON and gives the file's whole path. */
function save(report: BenchReport, file: string): string {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  const content = { date: new Date().toISOString(), ...report, goals: judge(report) };
  writeFileSync(path, `${JSON.stringify(content, undefined, 2)}\n`);
  return path;
}

function wholeNumber(option: string, given: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1) fail(`--${option} is ${given}, expected a whole number from 1`);
  return value;
}

function selection(option: string, given: string | undefined, known: readonly string[]): readonly string[] {
  if (!given) return known;
  const chosen = given.split(",").map((one) => one.trim());
  const unknown = chosen.find((one) => !known.includes(one));
  if (unknown !== undefined) fail(`--${option} has "${unknown}", expected some of ${known.join(", ")}`);
  return chosen;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function machine(): BenchReport["machine"] {
  const cpu = cpus()[0]?.model ?? "unknown processor";
  const versions = [`Node ${process.versions.node}`];
  const deno = findDeno();
  const nginx = findNginx();
  if (deno) versions.push(`Deno ${version(deno, "--version", /deno (\S+)/)}`);
  if (nginx) versions.push(`nginx ${version(nginx, "-v", /nginx\/(\S+)/)}`);
  return { cpu, cores: availableParallelism(), load: loadavg()[0]!, versions, pinned };
}

function version(program: string, flag: string, pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: "utf8" });
  return pattern.exec(stdout + stderr)?.[1] ?? "of an unknown version";
}

cleanUpAtExit();
await runMain(command);
