import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fileSink } from "../../core/lines.node.ts";
import { createLineWriter } from "../../core/lines.ts";
import { until } from "../_gateway.ts";
import { startTurnClock } from "../_patience.ts";

/** A sink that takes a batch when it is told to. */
function heldSink() {
  const written: string[] = [];
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  return {
    written,
    waiting,
    write(text: string): Promise<void> {
      written.push(text);
      return new Promise((resolve, reject) => void waiting.push({ resolve, reject }));
    },
  };
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-lines-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test("lines are gathered and written in one piece after the interval", async () => {
  const written: string[] = [];
  const writer = createLineWriter({ write: async (text) => void written.push(text) }, { interval: 20 });
  writer.write("one");
  writer.write("two");
  assert.deepEqual(written, []);
  await until(() => written.length > 0);
  assert.deepEqual(written, ["one\ntwo\n"]);
  await writer.close();
});

test("a full batch does not wait", async () => {
  const written: string[] = [];
  const sink = { write: async (text: string) => void written.push(text) };
  const writer = createLineWriter(sink, { interval: 60_000, batch: 8 });
  writer.write("1234567");
  await turn();
  assert.deepEqual(written, ["1234567\n"]);
  await writer.close();
});

test("a sink slower than the lines loses whole lines, and says how many", async () => {
  const sink = heldSink();
  const lost: number[] = [];
  const writer = createLineWriter(sink, { batch: 8, limit: 40, onLost: (lines) => void lost.push(lines) });
  for (let i = 0; i < 10; i++) writer.write(`line ${i}a`);
  assert.deepEqual(lost, []);
  const closed = writer.close();
  while (sink.waiting.length > 0) {
    sink.waiting.shift()?.resolve();
    await turn();
  }
  await closed;
  assert.equal(sink.written.join(""), "line 0a\nline 1a\nline 2a\nline 3a\nline 4a\n");
  assert.deepEqual(lost, [5]);
});

test("after a stall there is room again", async () => {
  const sink = heldSink();
  const writer = createLineWriter(sink, { batch: 4, limit: 8 });
  writer.write("abc");
  writer.write("def");
  writer.write("dropped");
  sink.waiting.shift()?.resolve();
  await turn();
  sink.waiting.shift()?.resolve();
  await turn();
  writer.write("ghi");
  await turn();
  sink.waiting.shift()?.resolve();
  await writer.close();
  assert.equal(sink.written.join(""), "abc\ndef\nghi\n");
});

test("a batch that could not be written is counted, with the reason, and the next one is tried", async () => {
  const lost: unknown[] = [];
  const written: string[] = [];
  let broken = true;
  const writer = createLineWriter(
    {
      async write(text) {
        if (broken) throw new Error("disk full");
        written.push(text);
      },
    },
    { onLost: (lines, error) => void lost.push([lines, (error as Error).message]) },
  );
  writer.write("one");
  writer.write("two");
  await writer.flush();
  broken = false;
  writer.write("three");
  await writer.flush();
  await writer.close();
  assert.deepEqual(lost, [[2, "disk full"]]);
  assert.deepEqual(written, ["three\n"]);
});

test("close gives a stuck sink a bounded time", async () => {
  const lost: number[] = [];
  const sink = { write: () => new Promise<void>(() => {}) };
  const writer = createLineWriter(sink, {
    batch: 4,
    closeTimeout: 20,
    onLost: (lines) => void lost.push(lines),
  });
  writer.write("abc");
  writer.write("def");
  const clock = startTurnClock();
  await writer.close();
  assert.ok(clock.elapsed() < 2000);
  clock.stop();
  // The first is with the sink; only the second is known to be lost.
  assert.deepEqual(lost, [1]);
});

test("a file's folders are made, and a file that was moved away is made anew", () =>
  withFolder(async (folder) => {
    const file = join(folder, "a/b/log.jsonl");
    const writer = createLineWriter(fileSink(file, 0o600));
    writer.write("one");
    await writer.flush();
    await rename(file, `${file}.1`);
    writer.write("two");
    await writer.flush();
    await rm(join(folder, "a"), { recursive: true });
    writer.write("three");
    await writer.close();
    assert.equal(await readFile(file, "utf8"), "three\n");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  }));

test("a file that cannot be written loses lines and says why", () =>
  withFolder(async (folder) => {
    const lost: unknown[] = [];
    const writer = createLineWriter(fileSink(folder), {
      onLost: (lines, error) => void lost.push([lines, (error as NodeJS.ErrnoException).code]),
    });
    writer.write("one");
    await writer.close();
    assert.deepEqual(lost, [[1, "EISDIR"]]);
  }));

/** Runs a program that writes 2,000 lines to standard output while nobody reads for a while. */
async function runStalled(goesAway: boolean): Promise<{ out: string; err: string; code: number | null }> {
  const program = fileURLToPath(new URL("./_stdout-writer.ts", import.meta.url));
  const args =
    "Deno" in globalThis
      ? ["run", "-A", "--no-check", program]
      : ["--conditions=sluice-source", "--import", "tsx", program];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  if (goesAway) child.stdout.destroy();
  else setTimeout(() => child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text)), 600);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { out, err, code };
}

test("standard output whose reader stalls neither blocks the process nor loses lines within the limit", async () => {
  const { out, err, code } = await runStalled(false);
  assert.equal(code, 0);
  const lines = out.trimEnd().split("\n");
  assert.equal(lines.length, 2000);
  assert.ok(lines.every((line, i) => line.startsWith(`${i} `)));
  const { ticks, lost } = JSON.parse(err) as { ticks: number; lost: number };
  assert.equal(lost, 0);
  // The program's own clock went on while the pipe was full.
  assert.ok(ticks > 10, `${ticks} ticks`);
});

test("standard output whose reader is gone costs lines, not the process", async () => {
  const { err, code } = await runStalled(true);
  assert.equal(code, 0);
  assert.equal((JSON.parse(err) as { lost: number }).lost, 2000);
});
