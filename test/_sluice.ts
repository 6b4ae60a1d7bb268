import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A gateway as its users run it: `sluice serve` in a process of its own. */
export interface Sluice {
  url: string;
  /** What it wrote to standard error. */
  messages(): string;
  /** SIGTERM. Resolves when it has ended; rejects when it did so with another status than 0. */
  stop(): Promise<void>;
  /** kill -9. Resolves when it is dead; also when it was dead already. */
  kill(): Promise<void>;
}

/** Starts a gateway in a process of the runtime that this test runs on, on a free port. */
export async function startSluice(config: object): Promise<Sluice> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-test-"));
  const file = join(directory, "sluice.json");
  await writeFile(file, JSON.stringify(config));
  const flags =
    "Deno" in globalThis
      ? ["run", "-A", "--no-check", "--quiet"]
      : process.execArgv.filter((flag) => !flag.startsWith("--test"));
  const program = fileURLToPath(new URL("../core/cli/main.ts", import.meta.url));
  const args = [...flags, program, "serve", "--config", file, "--port", "0", "--no-watch"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  // Should this process end in the middle of a test, no gateway is left behind.
  const reap = (): void => send("SIGKILL");
  process.once("exit", reap);
  let ended: string | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      ended = `ended with ${code ?? signal}`;
      process.removeListener("exit", reap);
      void rm(directory, { recursive: true, force: true }).then(resolve);
    });
  });
  // Not `child.kill`: on Deno a child takes only the first of its signals.
  function send(signal: NodeJS.Signals): void {
    if (child.pid !== undefined && ended === undefined) process.kill(child.pid, signal);
  }

  let messages = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      messages += text;
      const [, found] = /^Sluice listens on (\S+)\n/m.exec(messages) ?? [];
      if (found) resolve(found);
    });
    void exited.then(() => reject(new Error(`the gateway ${ended}: ${messages}`)));
  });
  return {
    url,
    messages: () => messages,
    async stop() {
      send("SIGTERM");
      await exited;
      if (ended !== "ended with 0") throw new Error(`the gateway ${ended}: ${messages}`);
    },
    async kill() {
      send("SIGKILL");
      await exited;
    },
  };
}
