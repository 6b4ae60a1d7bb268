import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../../core/config-error.ts";
import { readTrace } from "../../../core/simulation/trace.ts";
import type { Arrival } from "../../../core/simulation/arrivals.ts";

const defaults = { inputTokens: () => 11, outputTokens: () => 22.4 };

async function* lines(texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

async function read(...records: (object | string)[]) {
  const texts = records.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  const trace = await readTrace(lines(texts), "trace.jsonl", defaults);
  const calls: Arrival[] = [];
  for (let next = trace.next(); next; next = trace.next()) calls.push(next);
  return { trace, calls };
}

test("a trace is read in the order of its times, whatever that of its lines", async () => {
  const { trace, calls } = await read(
    { at: "1.5s", model: "b", inputTokens: 3, outputTokens: 4, stream: true, conversation: 7 },
    "",
    { at: 20, model: "a", key: "team", ip: "10.0.0.1" },
    { at: 20, model: "c" },
  );
  const none = {
    key: undefined,
    ip: "",
    conversation: undefined,
    inputTokens: 11,
    outputTokens: 22,
    stream: false,
  };
  assert.deepEqual(calls, [
    { ...none, at: 20, model: "a", key: "team", ip: "10.0.0.1" },
    { ...none, at: 20, model: "c" },
    { ...none, at: 1500, model: "b", inputTokens: 3, outputTokens: 4, stream: true, conversation: "7" },
  ]);
  const { duration, epoch, models, keys, skipped } = trace;
  assert.deepEqual(
    { duration, epoch, models: models.toSorted(), keys, skipped },
    { duration: 1500, epoch: undefined, models: ["a", "b", "c"], keys: ["team"], skipped: 0 },
  );
});

test("lines of the request log are calls at their times; without a model they are none", async () => {
  const line = {
    time: "2025-03-01T10:00:02.500Z",
    id: "x",
    status: 200,
    result: "complete",
    method: "POST",
    path: "/v1/chat/completions",
    operation: "chat",
    model: "m",
    key: "team",
    duration_ms: 900,
    first_byte_ms: 300,
    bytes: 5,
    input_tokens: 10,
    output_tokens: 20,
  };
  const { model: _, ...withoutModel } = line;
  const earlier = { ...line, time: "2025-03-01T10:00:00.000Z", key: "anonymous", duration_ms: 301 };
  const { trace, calls } = await read(line, withoutModel, earlier);
  const both = { model: "m", ip: "", inputTokens: 10, outputTokens: 20, conversation: undefined };
  assert.deepEqual(calls, [
    { ...both, at: 0, key: undefined, stream: false },
    { ...both, at: 2500, key: "team", stream: true },
  ]);
  assert.deepEqual([trace.epoch, trace.duration, trace.skipped], [Date.UTC(2025, 2, 1, 10), 2500, 1]);
});

test("mistakes are told with their lines", async () => {
  await assert.rejects(
    read({ at: 1, model: "m" }, "no JSON", { at: "soon", model: "m", kee: 1 }),
    (error) => {
      assert.ok(error instanceof ConfigError);
      const told = error.problems.map(({ file, line, path }) => [file, line, path.join(".")]);
      assert.deepEqual(told, [
        ["trace.jsonl", 2, ""],
        ["trace.jsonl", 3, "at"],
        ["trace.jsonl", 3, "kee"],
      ]);
      return true;
    },
  );
});
