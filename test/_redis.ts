import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createSocket } from "node:dgram";
import { createServer, connect } from "node:net";
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

/**
 * A port that nothing listens on, nor will before this process ends: it is none of those that systems give to who asks
 * for any (from 32,768 on), and no other test gets it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
}

/** Reserves a port among the tests of all processes by the UDP port of that number, which nobody needs. */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const mark = createSocket("udp4");
    mark.once("error", () => resolve(false));
    mark.bind({ port, address: "127.0.0.1", exclusive: true }, () => {
      mark.unref();
      resolve(true);
    });
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
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
  for (const end = performance.now() + 60_000; !(await answers(port));) {
    if (performance.now() > end || child.exitCode !== null) {
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
    socket.setTimeout(2000, () => end(false));
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
