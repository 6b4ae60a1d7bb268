import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** One run of the command line, in a process of its own. */
export interface Sluice {
  readonly pid: number;
  /** Where it listens; `""` until it said so. */
  readonly url: string;
  out(): string;
  /** What it said on standard error. */
  said(): string;
  /** Resolves with what matches once it was said on either output. Rejects when it ends before, or takes too long. */
  says(pattern: RegExp): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** How it ended: a status, or the name of a signal. */
  readonly ended: Promise<number | string>;
}

/** What a test works with; all of it is gone after the test. */
export interface Bench {
  /** The working directory of all runs; empty at first. */
  folder: string;
  /** Each file is there whole or not at all: a gateway that watches it would take an empty one for a configuration. */
  write(files: Record<string, string>): Promise<void>;
  /** Starts and goes on. */
  spawn(...args: string[]): Sluice;
  /** Starts a gateway, on any free port unless the arguments name one, and waits until it listens. */
  start(...args: string[]): Promise<Sluice>;
  /** Runs to the end. */
  run(...args: string[]): Promise<{ status: number | string; out: string; said: string }>;
  defer(close: () => unknown): void;
}

/** ms for anything that is awaited of a process; machines under load are slow to start one. */
const patience = 30_000;

export const onDeno = "Deno" in globalThis;

/**
 * The sources run, on the runtime that runs this test and with its flags: a build may be older than they are.
 * `built.test.ts` is about the build.
 */
const runtimeFlags = onDeno ? ["run", "-A", "--no-check", "--quiet"] : sourceFlags(process.execArgv);
const main = fileURLToPath(new URL("../../../core/cli/main.ts", import.meta.url));

/** Those of Node's flags that let it run the sources, wherever the working directory is. */
function sourceFlags(flags: readonly string[]): string[] {
  const kept: string[] = [];
  for (const [index, flag] of flags.entries()) {
    const [name = "", value = flags[index + 1] ?? ""] = flag.split(/=(.*)/s);
    if (name === "--conditions" || name === "-C") kept.push(`--conditions=${value}`);
    if (name === "--import") kept.push(`--import=${import.meta.resolve(value)}`);
  }
  return kept;
}

/** Registers a test of whole processes. */
export function processTest(name: string, run: (bench: Bench) => Promise<void>): void {
  test(name, () => withBench(run));
}

/** Gives a bench, and clears it however the work ended. */
export async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  // The real path, as the process will name it: a temporary directory may lie behind a link.
  const folder = await realpath(await mkdtemp(join(tmpdir(), "sluice-cli-")));
  const deferred: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const begin = (args: string[]): Sluice => {
    const sluice = launch([process.execPath, ...runtimeFlags, main, ...args], folder);
    deferred.unshift(() => end(sluice));
    return sluice;
  };
  try {
    await work({
      folder,
      write: async (files) => {
        for (const [name, text] of Object.entries(files)) {
          const path = join(folder, name);
          await writeFile(`${path}.new`, text);
          await rename(`${path}.new`, path);
        }
      },
      spawn: (...args) => begin(args),
      start: async (...args) => {
        const sluice = begin(args.includes("--port") ? args : [...args, "--port", "0"]);
        await sluice.says(/Sluice listens on \S+/);
        return sluice;
      },
      run: async (...args) => {
        const sluice = begin(args);
        const status = await within("the end of the process", sluice.ended);
        return { status, out: sluice.out(), said: sluice.said() };
      },
      defer: (close) => void deferred.unshift(close),
    });
  } finally {
    for (const close of deferred) await close();
  }
}

/** Starts a command line as a process whose outputs are gathered. */
export function launch([program = "", ...args]: string[], cwd: string): Sluice {
  const { NODE_TEST_CONTEXT: _, SLUICE_CONFIG: __, ...env } = process.env;
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const { pid = 0 } = child;
  let out = "";
  let said = "";
  const ended = new Promise<number | string>((resolve) => {
    child.on("close", (status, signal) => resolve(signal ?? status ?? "?"));
    child.on("error", (error) => resolve(error.message));
  });
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const reap = (): void => void (alive() && process.kill(pid, "SIGKILL"));
  // Should this process end in the middle of a test, none is left behind.
  process.once("exit", reap);
  void ended.then(() => process.off("exit", reap));
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  return {
    pid,
    ended,
    get url() {
      return /Sluice listens on (\S+)/.exec(said)?.[1] ?? "";
    },
    out: () => out,
    said: () => said,
    says: (pattern) => heard(child, pattern, () => said + out, ended),
    // Not `child.kill`: on Deno a child takes only the first of its signals.
    signal: (name) => void (alive() && process.kill(pid, name)),
  };
}

async function heard(
  child: ChildProcess,
  pattern: RegExp,
  text: () => string,
  ended: Promise<unknown>,
): Promise<string> {
  let over: unknown;
  void ended.then((how) => (over = how));
  const matched = new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const [match] = pattern.exec(text()) ?? [];
      if (match !== undefined) resolve(match);
      else if (over !== undefined)
        reject(
          new Error(
            `it ended with ${String(over)}, without a word of ${String(pattern)}; it said:\n${text()}`,
          ),
        );
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    void ended.then(look);
    look();
  });
  return within(`${String(pattern)}; so far:\n`, matched, text);
}

/** The same promise; rejects when it takes longer than anything should. */
export async function within<T>(what: string, promise: Promise<T>, more = () => ""): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for ${what}${more()}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function end(sluice: Sluice): Promise<void> {
  sluice.signal("SIGKILL");
  await sluice.ended;
}

/** Resolves when the condition holds. */
export async function eventually(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
