import assert from "node:assert/strict";
import { test } from "node:test";
import { CallState } from "../../core/call-state.ts";
import { systemClock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Attempt, AttemptEnd, GatewayContext, Outcome, Target } from "../../core/index.ts";

const ends: (AttemptEnd | undefined)[] = [];
const gate = { name: "watcher", leave: ({ end }: Attempt) => void ends.push(end) };

function newCall(): CallState {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const server = { onClientGone: "abort" };
  const gateway = { clock: systemClock, gates: [gate], log, server } as unknown as GatewayContext;
  const request = new Request("http://gateway/");
  return new CallState(gateway, { request, path: "/", search: "", ip: "", match: undefined, inner: false });
}

const target = (id: string): Target => ({ id }) as Target;
const outcome: Outcome = {
  status: 200,
  result: "complete",
  error: undefined,
  usage: undefined,
  bytes: 0,
  firstByte: undefined,
  duration: 0,
};
const outrun = new GatewayError("Another was first.", { status: 499, code: "outrun" });

test("a fork reads what the call knows, and keeps what is set on it", () => {
  const call = newCall();
  call.model = "m";
  const fork = call.fork(target("a"));
  fork.model = "other";
  call.usage = { inputTokens: 1, outputTokens: 1 };
  fork.notes.set("plugin", 1);
  assert.deepEqual([fork.id, fork.model, fork.target?.id], [call.id, "other", "a"]);
  assert.deepEqual([call.model, call.target, fork.usage], ["m", undefined, call.usage]);
  assert.equal(call.notes.get("plugin"), 1);
  fork.canceller.cancel(outrun);
  assert.equal(call.canceller.cancelled, false);
});

test("it is cancelled with the call, and a fork of a fork as well", () => {
  const call = newCall();
  const fork = call.fork(target("a")).fork(target("b"));
  call.canceller.cancel(outrun);
  assert.deepEqual([fork.canceller.cancelled, fork.signal.aborted], [true, true]);
});

test("adopted, what was set on it is the call's, its listeners too", () => {
  const call = newCall();
  const fork = call.fork(target("a")) as CallState;
  const seen: string[] = [];
  fork.onFinish(() => void seen.push("before"));
  fork.answer = { status: 200, contentType: "x/y", encoding: "", streaming: true };
  call.adopt(fork);
  fork.onFinish(() => void seen.push("after"));
  for (const listener of call.finishListeners) void listener(outcome);
  assert.deepEqual([call.answer?.contentType, call.target?.id, seen], ["x/y", "a", ["before", "after"]]);
  // What a fork of the adopted one brings is the call's as well.
  const next = fork.fork(target("b"));
  fork.adopt(next);
  assert.equal(call.target?.id, "b");
});

test("abandoned, it is aborted, what comes of it is discarded, and gates and listeners are told", async () => {
  const call = newCall();
  const fork = call.fork(target("a")) as CallState;
  const seen: [string, string | undefined][] = [];
  fork.onFinish(({ result, error }) => void seen.push([result, error?.code]));
  fork.attempts.push({ target: fork.target, end: undefined, entered: 1 } as Attempt);
  let cancelled = false;
  const body = new ReadableStream({ cancel: () => void (cancelled = true) });
  ends.length = 0;
  call.abandon(fork, Promise.resolve(new Response(body)), outrun);
  assert.equal(fork.canceller.reason, outrun);
  await Promise.all(call.finishListeners.map((listener) => listener(outcome)));
  assert.deepEqual([cancelled, ends, seen], [true, ["cancelled"], [["client-gone", "outrun"]]]);
});
