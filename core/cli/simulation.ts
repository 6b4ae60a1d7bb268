import { table } from "./table.ts";
import type { Held, SimulatedUpstream, SimulationResult } from "../simulation/result.ts";

/** Rows of a table at most; all of them stand in the JSON. */
const mostRows = 20;
/** Upstreams that have a column over time. */
const mostColumns = 6;

/** What a simulation came to, for people. */
export function describeSimulation(result: SimulationResult): string {
  const { upstreams, limits, rests, notes } = result;
  const parts = [
    summary(result),
    section("Why calls were refused or failed", errorTable(result)),
    section("Upstreams", upstreamTable(upstreams)),
    section("Keys", keyTable(upstreams)),
    section("Limits that were reached", heldTable(limits)),
    section("Targets that rested", heldTable(rests)),
    section("Over time", timeTable(result)),
    notes.length > 0 && `${notes.join("\n")}\n`,
  ];
  return parts.filter(Boolean).join("\n");
}

function summary({ seed, duration, calls, attempts, firstByte, whole, tokens }: SimulationResult): string {
  const { made, answered, refused, failed } = calls;
  const again = attempts.calls
    .map((count, tries) => [count, tries] as const)
    .filter(([count, tries]) => count > 0 && tries > 1);
  const said = [
    `${count(made)} calls in ${time(duration)}: ${count(answered)} answered (${percent(answered, made)}), ${count(refused)} refused before any upstream was asked, ${count(failed)} failed.`,
    `${count(attempts.made)} attempts, ${count(attempts.retries)} of them retries${again.length > 0 ? `: ${again.map(([calls, tries]) => `${count(calls)} ${calls === 1 ? "call" : "calls"} took ${tries}`).join(", ")}` : ""}.`,
    `First byte after ${spread(firstByte)}; whole answer after ${spread(whole)}.`,
    `${count(tokens.input)} tokens read, ${count(tokens.output)} written. Seed ${seed}.`,
  ];
  return `${said.join("\n")}\n`;
}

function spread({ p50, p95, p99 }: { p50: number; p95: number; p99: number }): string {
  return `${time(p50)} (p50), ${time(p95)} (p95), ${time(p99)} (p99)`;
}

function section(title: string, body: string): string | false {
  return body !== "" && `${title}\n${body}`;
}

function rowsOf<T>(items: readonly T[], headings: string[], row: (item: T) => string[]): string {
  if (items.length === 0) return "";
  const rest = items.length - mostRows;
  const more = rest > 0 ? `  … and ${count(rest)} more; see --json\n` : "";
  return table(headings, items.slice(0, mostRows).map(row)) + more;
}

function errorTable({ errors, calls }: SimulationResult): string {
  return rowsOf(errors, ["status", "code", "calls", "share"], (one) => [
    String(one.status),
    one.code,
    count(one.calls),
    percent(one.calls, calls.made),
  ]);
}

function upstreamTable(upstreams: readonly SimulatedUpstream[]): string {
  const headings = [
    "name",
    "share",
    "answered",
    "attempts",
    "failed",
    "why",
    "first byte p50",
    "p95",
    "waited",
    "longest",
    "most at once",
  ];
  return rowsOf(upstreams, headings, (one) => [
    one.name,
    percent(one.share, 1),
    count(one.answered),
    count(one.attempts),
    some(one.failed),
    Object.entries(one.errors)
      .slice(0, 2)
      .map(([why, times]) => `${why}: ${count(times)}`)
      .join(", "),
    one.firstByte.p50 > 0 ? time(one.firstByte.p50) : "",
    one.firstByte.p95 > 0 ? time(one.firstByte.p95) : "",
    waits(one),
    one.longestWait > 0 ? time(one.longestWait) : "",
    count(one.peak),
  ]);
}

/** Only where an upstream has several: else it says nothing more than the upstream's row. */
function keyTable(upstreams: readonly SimulatedUpstream[]): string {
  const keys = upstreams.flatMap(({ name, keys }) =>
    keys.length > 1 ? keys.map((key) => ({ name, ...key })) : [],
  );
  return rowsOf(keys, ["upstream", "key", "share", "answered", "attempts", "failed", "waited"], (one) => [
    one.name,
    `#${one.place}`,
    percent(one.share, 1),
    count(one.answered),
    count(one.attempts),
    some(one.failed),
    waits(one),
  ]);
}

function waits({ waited, meanWait }: { waited: number; meanWait: number }): string {
  return waited === 0 ? "" : `${count(waited)}, ${time(meanWait)} on average`;
}

function heldTable(held: readonly Held[]): string {
  return rowsOf(held, ["what", "where", "times", "first", "last", "worst minute"], (one) => [
    one.what,
    one.where,
    count(one.times),
    clock(one.from),
    clock(one.to),
    `${count(one.worst.times)} from ${clock(one.worst.at)}`,
  ]);
}

/** Every slice where something went wrong in one of them; nothing where all went well. */
function timeTable({ timeline, calls }: SimulationResult): string {
  if (calls.refused + calls.failed === 0 && Object.keys(timeline.upstreams).length < 2) return "";
  const step = Math.ceil(timeline.slices.length / mostRows);
  const names = Object.keys(timeline.upstreams).slice(0, mostColumns);
  const rows: string[][] = [];
  for (let from = 0; from < timeline.slices.length; from += step) {
    const slices = timeline.slices.slice(from, from + step);
    const sum = (of: (slice: (typeof slices)[number]) => number): number =>
      slices.reduce((total, slice) => total + of(slice), 0);
    const answered = sum((slice) => slice.answered);
    const shares = names.map((name) => {
      const own = timeline.upstreams[name]?.slice(from, from + step) ?? [];
      return percent(
        own.reduce((total, one) => total + one, 0),
        answered,
      );
    });
    const counts = [sum((slice) => slice.calls), sum((slice) => slice.refused), sum((slice) => slice.failed)];
    const [came = 0, refused = 0, failed = 0] = counts;
    rows.push([clock(slices[0]?.at ?? 0), count(came), some(refused), some(failed), ...shares]);
  }
  return table(["from", "calls", "refused", "failed", ...names], rows);
}

function some(value: number): string {
  return value === 0 ? "" : count(value);
}

/** `1,234,567`. */
function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function percent(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0 %";
  const share = (part / whole) * 100;
  return share < 0.05
    ? "< 0.1 %"
    : `${share >= 99.95 ? Math.floor(share * 10) / 10 : Number(share.toFixed(1))} %`;
}

/** A length of time: `340 ms`, `2.4 s`, `3 min 20 s`, `1 h 5 min`. */
function time(ms: number): string {
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return join([Math.floor(whole / 60), "min"], [whole % 60, "s"]);
  return join([Math.floor(whole / 3600), "h"], [Math.round((whole % 3600) / 60), "min"]);
}

function join(...parts: [amount: number, unit: string][]): string {
  return parts
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** A time from the start: `0:42`, `12:05`, `1:02:03`. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
