import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { afterwards, together } from "../../../core/runtime/defer.node.ts";

/** Notes what happens, and with each step a microtask that follows it. */
function journal() {
  const seen: string[] = [];
  const step = (name: string) => (): void => {
    seen.push(name);
    queueMicrotask(() => seen.push(`after ${name}`));
  };
  return { seen, step };
}

test("steps of one turn are taken together, and what follows them comes after all of them", async () => {
  const { seen, step } = journal();
  together(step("one"));
  together(step("two"));
  await Promise.resolve();
  assert.deepEqual(seen, []);
  await turn();
  assert.deepEqual(seen, ["one", "two", "after one", "after two"]);
});

test("a step that comes of another one waits for the next turn", async () => {
  const { seen, step } = journal();
  together(() => {
    step("one")();
    together(step("three"));
  });
  together(step("two"));
  await turn();
  assert.deepEqual(seen, ["one", "two", "after one", "after two"]);
  await turn();
  assert.deepEqual(seen.slice(4), ["three", "after three"]);
});

test("what comes after calls runs together, and before anything else arrives", async () => {
  const { seen, step } = journal();
  const later = turn().then(step("arrived"));
  afterwards(step("one"));
  afterwards(step("two"));
  assert.deepEqual(seen, []);
  await later;
  assert.deepEqual(seen.slice(0, 5), ["one", "two", "after one", "after two", "arrived"]);
});
