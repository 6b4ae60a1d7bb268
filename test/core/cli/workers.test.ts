import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { supervise } from "../../../core/cli/workers.ts";
import { until } from "../../_gateway.ts";
import type { Log } from "../../../core/context.ts";
import type { ServeFlags } from "../../../core/cli/flags.ts";
import type { SpawnWorker, ToWorker, WorkerEvents } from "../../../core/cli/serve.ts";

/** A worker that does nothing by itself: the test plays its part. */
interface FakeWorker {
  number: number;
  events: WorkerEvents;
  got: ToWorker[];
  killed: boolean;
}

const flags = (workers: number): ServeFlags => ({
  presets: [],
  workers,
  watch: false,
  tunnel: false,
  clipboard: false,
  open: false,
  qr: false,
  logLevel: "silent",
});

function stage(onStart: (worker: FakeWorker) => void) {
  const workers: FakeWorker[] = [];
  const spawn: SpawnWorker = (number, events) => {
    const worker: FakeWorker = { number, events, got: [], killed: false };
    workers.push(worker);
    return {
      send(message) {
        worker.got.push(message);
        if (message.type === "start") queueMicrotask(() => onStart(worker));
        if (message.type === "stop") queueMicrotask(() => events.exit("status 0"));
      },
      kill() {
        if (worker.killed) return;
        worker.killed = true;
        queueMicrotask(() => events.exit("signal SIGKILL"));
      },
    };
  };
  const lines: string[] = [];
  const tell = (line: string): void => void lines.push(line);
  const log: Log = { debug() {}, info: tell, warn: tell, error: tell };
  return { workers, spawn, lines, log };
}

const ready = ({ events }: FakeWorker): void => events.message({ type: "ready", url: "http://127.0.0.1:1" });
const backOff = { first: 20, most: 50, healthy: 10_000 };

test("starts as many as asked, tells them the flags, and stops them all", async () => {
  const { workers, spawn, log } = stage(ready);
  const running = await supervise(flags(3), 1000, log, spawn, backOff);
  assert.equal(running.url, "http://127.0.0.1:1");
  assert.deepEqual(
    workers.map(({ number, got }) => [number, got]),
    [1, 2, 3].map((number) => [number, [{ type: "start", flags: flags(3), number }]]),
  );
  await running.stop();
  assert.ok(workers.every(({ got }) => got.at(-1)?.type === "stop"));
  await sleep(60);
  assert.equal(workers.length, 3, "no worker comes back after the stop");
});

test("a worker that dies comes back, later each time", async () => {
  const { workers, spawn, log, lines } = stage(ready);
  const running = await supervise(flags(1), 1000, log, spawn, backOff);
  for (let death = 1; death <= 3; death++) {
    workers.at(-1)?.events.exit("status 7");
    await until(() => lines.length === 2 * death, 10_000);
    assert.equal(workers.length, death + 1);
  }
  assert.deepEqual(lines, [
    "Worker 1 ended (status 7); another one starts in 20 ms.",
    "Worker 1 serves again.",
    "Worker 1 ended (status 7); another one starts in 40 ms.",
    "Worker 1 serves again.",
    "Worker 1 ended (status 7); another one starts in 50 ms.",
    "Worker 1 serves again.",
  ]);
  await running.stop();
});

test("a worker that cannot start fails the start, and none is left", async () => {
  const { workers, spawn, log } = stage((worker) => {
    if (worker.number === 1) return ready(worker);
    worker.events.message({ type: "failed", failure: { message: "port 1 is in use" } });
    worker.events.exit("status 1");
  });
  await assert.rejects(supervise(flags(2), 1000, log, spawn, backOff), {
    name: "StartError",
    message: "port 1 is in use",
  });
  assert.ok(workers[0]?.killed);
});

test("a worker that does not stop is killed", async () => {
  const { workers, spawn, log } = stage(ready);
  const deaf: SpawnWorker = (number, events) => {
    const worker = spawn(number, events);
    return { ...worker, send: (message) => void (message.type !== "stop" && worker.send(message)) };
  };
  const running = await supervise(flags(1), 30, log, deaf, backOff);
  await running.stop();
  assert.ok(workers[0]?.killed);
});
