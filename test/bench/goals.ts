/** What Sluice wants to reach, and whether a run reached it. Printed, never asserted: machines differ. */
import type { MemoryReport } from "./memory.ts";
import { throughputRatio } from "./ratios.ts";
import type { LoadName, LoadReport } from "./rounds.ts";
import type { SelectionReport } from "./selection.ts";
import type { SharedReport } from "./shared.ts";
import type { SimulatorReport } from "./simulator.ts";
import type { StartupReport } from "./startup.ts";
import type { TranslationReport } from "./translation.ts";

/** All that one run found out. */
export interface BenchReport {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    /** The load average of the minute before the run. */
    readonly load: number;
    readonly versions: string[];
    readonly pinned: boolean;
  };
  readonly plan: {
    readonly rounds: number;
    readonly seconds: number;
    readonly connections: number;
    readonly generator: string;
  };
  readonly loads: LoadReport[];
  translation?: TranslationReport;
  selection?: SelectionReport;
  shared?: SharedReport;
  simulator?: SimulatorReport;
  startup?: StartupReport;
  memory?: MemoryReport;
}

export interface Judgement {
  readonly name: string;
  readonly goal: string;
  readonly measured: string;
  /** Undefined where the run did not measure it. */
  readonly met?: boolean;
}

/** Sets the figures of a run against the goals. */
export function judge(report: BenchReport): Judgement[] {
  return [
    atLeast(report, "chat", "sluice", "bare-node", 0.8),
    atLeast(report, "chat", "sluice", "portkey", 10),
    atLeast(report, "sse", "sluice", "bare-node", 0.9),
    atLeast(report, "chat", "sluice-deno", "bare-h3-deno", 0.8),
    ...Object.entries(report.translation?.translated ?? {}).map(([client, { ratio }]) =>
      below(
        `CPU a chunk: ${client} client to pass-through`,
        "<= 3",
        ratio,
        (found) => found.toFixed(2),
        (found) => found <= 3,
      ),
    ),
    below(
      "history of 1 MB",
      "< 10 ms",
      report.translation?.history,
      (ms) => `${ms.toFixed(1)} ms`,
      (ms) => ms < 10,
    ),
    below(
      "selection: the slowest strategy",
      "< 20 µs",
      slowest(report),
      (cost) => `${cost.toFixed(1)} µs`,
      (cost) => cost < 20,
    ),
    below(
      "limits over Redis: round trips a call",
      "<= 1",
      report.shared?.sent,
      (trips) => trips.toFixed(2),
      (trips) => trips <= 1,
    ),
    below(
      "simulator: a million calls over 1,000 upstreams",
      "< 60 s",
      report.simulator?.cpu ?? report.simulator?.wall,
      (seconds) => `${seconds.toFixed(1)} s`,
      (seconds) => seconds < 60,
    ),
    below(
      "start-up",
      "< 600 ms",
      report.startup?.median,
      (ms) => `${Math.round(ms)} ms`,
      (ms) => ms < 600,
    ),
    below(
      "memory growth",
      "<= 1.2",
      report.memory?.ratio,
      (ratio) => ratio.toFixed(2),
      (ratio) => ratio <= 1.2,
    ),
  ];
}

function slowest({ selection }: BenchReport): number | undefined {
  const costs = Object.values(selection?.strategies ?? {}).map(({ call }) => call);
  return costs.length > 0 ? Math.max(...costs) : undefined;
}

function atLeast(report: BenchReport, load: LoadName, of: string, to: string, least: number): Judgement {
  const found = report.loads.find((one) => one.load === load);
  const peer = (name: string) => found?.peers.find((one) => one.name === name);
  const measured = throughputRatio(peer(of), peer(to))?.median;
  return {
    name: `${load}: ${of} to ${to}`,
    goal: `>= ${least}`,
    measured: measured === undefined ? "-" : measured.toFixed(2),
    met: measured === undefined ? undefined : measured >= least,
  };
}

function below(
  name: string,
  goal: string,
  value: number | undefined,
  show: (value: number) => string,
  met: (value: number) => boolean,
): Judgement {
  return {
    name,
    goal,
    measured: value === undefined ? "-" : show(value),
    met: value === undefined ? undefined : met(value),
  };
}
