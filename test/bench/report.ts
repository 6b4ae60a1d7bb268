/** The run as text: a table a load, the ratios, the single measures, the goals. */
import { judge } from "./goals.ts";
import type { BenchReport } from "./goals.ts";
import { memoryStep } from "./memory.ts";
import { throughputRatio } from "./ratios.ts";
import type { LoadReport, Round } from "./rounds.ts";
import { median } from "./stats.ts";
import type { Ratio } from "./stats.ts";

/** The whole report, ready to print. */
export function formatReport(report: BenchReport): string {
  const parts = [setting(report), ...report.loads.flatMap((load) => [figures(load), ratios(load)])];
  if (report.translation) parts.push(translation(report.translation));
  if (report.selection) parts.push(selection(report.selection));
  if (report.shared) parts.push(shared(report.shared));
  if (report.simulator) parts.push(simulator(report.simulator));
  if (report.startup) parts.push(startup(report.startup));
  if (report.memory) parts.push(memory(report.memory));
  parts.push(goals(report));
  return `\n${parts.join("\n\n")}\n`;
}

function setting({ machine, plan }: BenchReport): string {
  const pinning = machine.pinned
    ? "gateway on core 0, generator and upstream on core 1"
    : "NOT pinned to cores: gateway, generator and upstream compete, the figures are less sure";
  const load = `load average before the run ${machine.load.toFixed(1)}`;
  const busy = machine.load > 0.5 ? `${load}: OTHERS WERE BUSY HERE, the figures are less sure` : load;
  return [
    `${machine.cpu}, ${machine.cores} cores; ${machine.versions.join(", ")}; ${busy}`,
    `${plan.rounds} rounds of ${plan.seconds} s a peer, in turns; ${plan.connections} connections; ${plan.generator}; ${pinning}`,
  ].join("\n");
}

function figures(load: LoadReport): string {
  const head = ["peer", load.unit, "p50 ms", "p99 ms", "CPU µs/call", "core busy", "peak MB"];
  const rows = load.peers.map((peer) => {
    const of = (field: keyof Round) =>
      median(peer.rounds.flatMap((round) => (round?.[field] === undefined ? [] : [round[field]])));
    const busy = of("busy");
    const cells = [
      number(of("throughput")),
      number(of("p50"), 1),
      number(of("p99"), 1),
      number(of("cpuPerCall")),
      busy === undefined ? "-" : `${Math.round(busy * 100)} %`,
      number(peer.peak === undefined ? undefined : peer.peak / 1e6),
    ];
    return [peer.name, ...(peer.rounds.length > 0 ? cells : ["failed"])];
  });
  const title =
    load.load === "chat"
      ? `Small chat calls (upstream: ${load.upstream})`
      : `Streams of 100 chunks (upstream: ${load.upstream}; times and CPU are of a whole stream)`;
  const failures = load.peers.filter((peer) => peer.failed).map((peer) => `${peer.name}: ${peer.failed}`);
  return [title, table([head, ...rows]), ...failures].join("\n");
}

function ratios(load: LoadReport): string {
  const portkey = load.peers.find((peer) => peer.name === "portkey");
  const rows = load.peers
    .filter((peer) => peer.rounds.length > 0)
    .map((peer) => {
      const bare = load.peers.find((other) => other.name === peer.bare);
      const toPortkey = portkey === peer ? undefined : throughputRatio(peer, portkey);
      return [
        peer.name,
        ...range(throughputRatio(peer, bare), bare && `x ${bare.name}`),
        ...range(toPortkey, "x portkey"),
      ];
    })
    .filter((row) => row.some((cell, column) => column > 0 && cell !== ""));
  if (rows.length === 0) return "No ratios: nothing to compare with was measured.";
  const head = ["ratio of throughput", "to bare", "", "range", "to portkey", "", "range"];
  return table([head, ...rows], new Set([2, 5]));
}

function range(value: Ratio | undefined, unit = ""): string[] {
  if (!value) return ["", "", ""];
  return [value.median.toFixed(2), unit, `${value.low.toFixed(2)} to ${value.high.toFixed(2)}`];
}

function translation({
  passing,
  translated,
  history,
  failed,
}: NonNullable<BenchReport["translation"]>): string {
  if (failed) return `Translation: failed: ${failed}`;
  const rows = Object.entries(translated).map(([client, { cpu, ratio }]) => [
    client,
    number(cpu, 1),
    ratio.toFixed(2),
  ]);
  return [
    `Translation: streams of an OpenAI upstream for other clients; a history of 1 MB takes ${number(history, 1)} ms`,
    table([
      ["client", "CPU µs/chunk", "to pass-through"],
      ["openai (passes)", number(passing, 1), ""],
      ...rows,
    ]),
  ].join("\n");
}

function selection({ strategies, failed }: NonNullable<BenchReport["selection"]>): string {
  if (failed) return `Selection: failed: ${failed}`;
  const rows = Object.entries(strategies).map(([name, { call, first }]) => [
    name,
    number(call, 1),
    number(first, 1),
  ]);
  return [
    "Selection among 1,000 upstreams that all offer 100 models: processor time to a call's first target",
    table([["strategy", "µs/call", "a model's first call, ms"], ...rows]),
  ].join("\n");
}

function shared({ sent, answered, delay, added, failed }: NonNullable<BenchReport["shared"]>): string {
  if (failed) return `Limits over Redis: failed: ${failed}`;
  return [
    `Limits over Redis and the turn among upstreams: ${number(sent, 2)} pieces a call to Redis, ${number(answered, 2)} back`,
    `  (Redis ${delay} ms away adds ${number(added, 1)} ms to a call)`,
  ].join("\n");
}

function simulator({
  calls,
  upstreams,
  wall,
  cpu,
  peak,
  failed,
}: NonNullable<BenchReport["simulator"]>): string {
  const what = `Simulator, ${number(calls)} calls over ${number(upstreams)} upstreams`;
  if (failed) return `${what}: failed: ${failed}`;
  const memory = peak === undefined ? "" : `, ${number(peak / 1e6)} MB at most`;
  return `${what}: ${number(wall, 1)} s (processor time ${number(cpu, 1)} s${memory})`;
}

function startup({ starts, median: middle, failed }: NonNullable<BenchReport["startup"]>): string {
  if (failed) return `Start-up of sluice: failed: ${failed}`;
  return `Start-up of sluice, from spawning to the first answered call: ${number(middle)} ms (median of ${starts.map((one) => Math.round(one)).join(", ")})`;
}

function memory({ resident, ratio, failed }: NonNullable<BenchReport["memory"]>): string {
  if (failed) return `Memory of sluice: failed: ${failed}`;
  const megabytes = resident.map((bytes) => number(bytes / 1e6));
  const last = number(memoryStep * resident.length);
  return [
    `Memory of sluice: ${megabytes[0]} MB after ${number(memoryStep)} and ${megabytes.at(-1)} MB after ${last} calls, ratio ${ratio?.toFixed(2)}`,
    `  (every ${number(memoryStep)} calls: ${megabytes.join(", ")})`,
  ].join("\n");
}

function goals(report: BenchReport): string {
  const rows = judge(report).map(({ name, goal, measured, met }) => [
    name,
    goal,
    measured,
    met === undefined ? "not measured" : met ? "met" : "NOT MET",
  ]);
  return table([["goal", "wanted", "measured", ""], ...rows], new Set([3]));
}

function number(value: number | undefined, digits = 0): string {
  if (value === undefined) return "-";
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Rows as aligned columns: the first to the left, the others to the right, save those named in `left`. */
function table(rows: readonly string[][], left: ReadonlySet<number> = new Set()): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      widths
        .map((width, column) => {
          const cell = row[column] ?? "";
          return column === 0 || left.has(column) ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
