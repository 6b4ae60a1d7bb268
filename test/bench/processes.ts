/** Child processes of a run: started on one core, logged to a file, and ended whatever happens. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { accessSync, closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A folder for configurations and logs, removed at the end. */
export const scratch = mkdtempSync(join(tmpdir(), "sluice-bench-"));

/** Which core a process gets: the gateway has one to itself, the upstream and the generator share another. */
export type Role = "gateway" | "load";
const cores: Record<Role, string> = { gateway: "0", load: "1" };

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Whether the process has ended, by itself or by `stop`. */
  ended(): boolean;
  /** Resolves with its status when it has ended (null for a signal, or if it could not be started). */
  readonly end: Promise<number | null>;
  /** The last lines it printed. */
  output(lines?: number): string;
  /** Ends it and its children: asks first, and forces after 2 s. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** The path of a program, or undefined where it is not installed. */
export function which(program: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Whether processes can be given a core each. */
export const pinned: boolean =
  availableParallelism() >= 2 &&
  Object.values(cores).every((core) => spawnSync("taskset", ["-c", core, "true"]).status === 0);

/** The command line that runs `command` on the core of its role. */
export function onCore(role: Role, command: readonly string[]): string[] {
  return pinned ? ["taskset", "-c", cores[role], ...command] : [...command];
}

/** The environment of every child: without proxies, which some peers would send local calls to. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(https?|all|no)_proxy$/i.test(name));
  return { ...Object.fromEntries(kept), NODE_ENV: "production", NO_COLOR: "1" };
}

/** Starts a process in a group of its own; its output goes to a file in the scratch folder. */
export function start(name: string, role: Role, command: readonly string[], cwd = root): Child {
  const log = join(scratch, `${name}.log`);
  const file = openSync(log, "w");
  const [program, ...rest] = onCore(role, command) as [string, ...string[]];
  const child = spawn(program, rest, {
    cwd,
    env: childEnvironment(),
    detached: true,
    stdio: ["ignore", file, file],
  });
  closeSync(file);
  running.add(child);
  let ended = false;
  const end = new Promise<number | null>((resolve) => {
    const settle = (status: number | null) => {
      ended = true;
      running.delete(child);
      resolve(status);
    };
    child.once("exit", settle);
    child.once("error", () => settle(null));
  });
  return {
    name,
    pid: child.pid ?? 0,
    ended: () => ended,
    end,
    output: (lines = 8) => readFileSync(log, "utf8").trim().split("\n").slice(-lines).join("\n"),
    async stop() {
      if (ended) return;
      signal(child, "SIGTERM");
      const force = setTimeout(() => signal(child, "SIGKILL"), 2000);
      await end;
      clearTimeout(force);
    },
  };
}

/**
 * Runs a command to its end and gives what it printed; an error holds its last lines.
 * If `server`, which the command calls, ends before it, the command is ended too and the error says so.
 */
export async function run(
  name: string,
  role: Role,
  command: readonly string[],
  server?: Child,
): Promise<string> {
  const child = start(name, role, command);
  if (server) {
    await Promise.race([child.end, server.end]);
    if (server.ended()) {
      await child.stop();
      throw new Error(`it ended under load, with status ${await server.end}: ${server.output()}`);
    }
  }
  const status = await child.end;
  if (status !== 0) throw new Error(`${name} ended with status ${status}: ${child.output()}`);
  return child.output(Infinity);
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (!child.pid) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group is gone already.
  }
}

/** Makes sure that nothing outlives this process, and that an interrupt ends the run with status 130. */
export function cleanUpAtExit(): void {
  process.once("exit", () => {
    for (const child of running) signal(child, "SIGKILL");
    rmSync(scratch, { recursive: true, force: true });
  });
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  process.once("SIGHUP", () => process.exit(129));
}

/** A port of 127.0.0.1 that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
