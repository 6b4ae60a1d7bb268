import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Outcome } from "../core/index.ts";
import { until } from "./_gateway.ts";

/** A call as a gateway process tells of it. */
export interface FinishedCall extends Omit<Outcome, "error"> {
  path: string;
  error: string | undefined;
}

export interface GatewayProcess {
  url: string;
  /** Calls that ended, in order. */
  calls: FinishedCall[];
  /** What it wrote to standard error. */
  messages(): string;
  /** Memory that the process holds now, bytes. */
  memory(): number;
  /** The most that it ever held, bytes. */
  peakMemory(): number;
  /** Has it close, and waits `patience` ms for it to end by itself. Rejects when it does not, or not with status 0. */
  close(patience?: number): Promise<void>;
  /** kill -9. Resolves when it is dead. */
  kill(): Promise<void>;
}

/** Standard output is ours, and whoever calls may. */
const ownPlugins = [{ "request-log": false }, { auth: { anonymous: true } }];

export const gatewayProgram = fileURLToPath(new URL("_gateway-child.ts", import.meta.url));

/**
 * Starts a gateway in a process of the runtime that this test runs on.
 * @param program the bundled program, where many are started (see _bundle.ts)
 */
export async function startGatewayProcess(config: object, program = gatewayProgram): Promise<GatewayProcess> {
  const own = process.execArgv.filter((flag) => !flag.startsWith("--test"));
  const flags = "Deno" in globalThis ? ["run", "-A", "--no-check", "--quiet"] : own;
  const { plugins = [] } = config as { plugins?: object[] };
  const told = JSON.stringify({ ...config, plugins: [...ownPlugins, ...plugins] });
  // What is bundled needs no loader.
  const args = [...(program.endsWith(".ts") || "Deno" in globalThis ? flags : []), program, told];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
  // Should this process end in the middle of a test, none is left behind.
  const reap = (): void => void child.kill("SIGKILL");
  process.once("exit", reap);
  child.once("exit", () => process.removeListener("exit", reap));
  let messages = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (messages += text));
  const exited = new Promise<number | string>((resolve) => {
    child.on("exit", (code, signal) => resolve(code ?? signal ?? "?"));
  });
  const calls: FinishedCall[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const news = JSON.parse(line) as { url: string } | FinishedCall;
      if ("url" in news) resolve(news.url);
      else calls.push(news);
    });
    void exited.then((how) => reject(new Error(`the gateway ended with ${how}: ${messages}`)));
  });
  const { pid = 0 } = child;
  return {
    url,
    calls,
    messages: () => messages,
    memory: () => residentSize(pid, "VmRSS"),
    peakMemory: () => residentSize(pid, "VmHWM"),
    async close(patience = 60_000) {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), patience);
      const how = await exited;
      clearTimeout(timer);
      if (how !== 0) throw new Error(`the gateway ended with ${how}: ${messages}`);
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Bytes, from the kernel's account of the process; where there is none, what `ps` tells of this moment. */
function residentSize(pid: number, field: "VmRSS" | "VmHWM"): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`${field}:\\s*(\\d+) kB`).exec(status)?.[1]) * 1024;
  } catch {
    return Number(spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" }).stdout) * 1024;
  }
}

/** Waits until so many calls ended; yields the last of them. */
export async function finishedCall(gateway: GatewayProcess, count: number): Promise<FinishedCall> {
  await until(() => gateway.calls.length >= count);
  return gateway.calls[count - 1] as FinishedCall;
}
