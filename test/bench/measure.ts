/** What the kernel says of a process and its children (Linux; elsewhere there is nothing to read). */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Processor time and memory of a process tree. */
export interface Usage {
  /** User and system time since the start, µs. */
  cpu: number;
  /** Resident memory now, bytes. */
  rss: number;
  /** The largest resident memory so far, summed over the processes, bytes. */
  peak: number;
}

/** The usage of `pid` and all its descendants; undefined where `/proc` is not to be had or the process is gone. */
export function usage(pid: number): Usage | undefined {
  const sum: Usage = { cpu: 0, rss: 0, peak: 0 };
  const parents = readParents();
  if (!parents.has(pid)) return undefined;
  for (const member of descendants(pid, parents)) {
    const one = usageOfOne(member);
    if (!one) continue;
    sum.cpu += one.cpu;
    sum.rss += one.rss;
    sum.peak += one.peak;
  }
  return sum;
}

let ticks: number | undefined;

/** Clock ticks a second, the unit of the times in `/proc/PID/stat`. */
function ticksPerSecond(): number {
  ticks ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ticks;
}

function usageOfOne(pid: number): Usage | undefined {
  try {
    const stat = statFields(pid);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return {
      cpu: ((Number(stat[11]) + Number(stat[12])) / ticksPerSecond()) * 1e6,
      rss: kilobytes(status, "VmRSS"),
      peak: kilobytes(status, "VmHWM"),
    };
  } catch {
    return undefined;
  }
}

/** The fields of `/proc/PID/stat` after the command name, which may itself hold spaces: 1 is the parent. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
}

function readParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const entry of listProcesses()) {
    try {
      parents.set(Number(entry), Number(statFields(Number(entry))[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  return parents;
}

function listProcesses(): string[] {
  try {
    return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  } catch {
    return [];
  }
}

function descendants(pid: number, parents: Map<number, number>): number[] {
  const found = [pid];
  for (const member of found) {
    for (const [child, parent] of parents) if (parent === member) found.push(child);
  }
  return found;
}
