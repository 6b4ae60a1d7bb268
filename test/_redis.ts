import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createServer, connect, type AddressInfo } from "node:net";
import { test } from "node:test";

/** A real redis-server on a free port, which forgets everything when it dies. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** kill -9. Resolves when it is dead. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** Stops it in its tracks: connections stay open and get no answer. */
  freeze(): void;
  thaw(): void;
}

/** Whether a redis-server can be started here. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

let told = false;

/**
 * Registers a test that gets a Redis of its own; where there is none, says once what is not tested.
 * @param run `defer` takes what is to be done after the test, however it ended; last one first
 */
export function redisTest(
  name: string,
  run: (redis: RedisServer, defer: (close: () => Promise<void>) => void) => Promise<void>,
): void {
  if (hasRedis) {
    test(name, async () => {
      const redis = await startRedis();
      const deferred = [redis.kill];
      try {
        await run(redis, (close) => void deferred.unshift(close));
      } finally {
        for (const close of deferred) await close();
      }
    });
  } else if (!told) {
    told = true;
    console.log("not tested: what needs redis-server (apt install redis-server, or brew install redis)");
  }
}

/**
 * @param flags further arguments, such as `--requirepass` and a password
 * @param file a configuration, which goes before the arguments
 */
export async function startRedis(flags: readonly string[] = [], file?: string): Promise<RedisServer> {
  const port = await freePort();
  let child = await launch(port, flags, file);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill: () => kill(child),
    restart: async () => {
      child = await launch(port, flags, file);
    },
    freeze: () => signal(child, "SIGSTOP"),
    thaw: () => signal(child, "SIGCONT"),
  };
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function launch(port: number, flags: readonly string[], file?: string): Promise<ChildProcess> {
  // Sentinels take no settings of what a Redis keeps.
  const keeping = file === undefined ? ["--save", "", "--appendonly", "no"] : [];
  const options = ["--port", String(port), "--bind", "127.0.0.1", ...keeping];
  const program = [...(file === undefined ? [] : [file]), ...options, ...flags];
  const child = spawn("redis-server", program, { stdio: "ignore" });
  // Should this process end in the middle of a test, no server is left behind.
  const reap = () => signal(child, "SIGKILL");
  process.once("exit", reap);
  child.once("exit", () => process.removeListener("exit", reap));
  for (let attempt = 0; !(await answers(port)); attempt++) {
    if (attempt > 200 || child.exitCode !== null) {
      signal(child, "SIGKILL");
      throw new Error(`redis-server did not start on port ${port}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return child;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => end(false));
    socket.once("data", () => end(true));
    socket.once("error", () => end(false));
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const dead = new Promise((resolve) => child.once("exit", resolve));
  signal(child, "SIGKILL");
  await dead;
}

/** Not `child.kill`: on Deno a child takes only the first of its signals. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
    process.kill(child.pid, name);
}
