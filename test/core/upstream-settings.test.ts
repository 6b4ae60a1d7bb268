import assert from "node:assert/strict";
import { test } from "node:test";
import { settingsByUpstream } from "../../core/index.ts";
import type { Upstream } from "../../core/index.ts";

const named = (name: string): Upstream => ({ name }) as Upstream;

test("an upstream's own name goes before the first pattern that fits, and what is not given stays", () => {
  const all = { count: 1, text: "all" };
  const settings = settingsByUpstream(all, {
    "a-*": { count: 2 },
    "a-b": { text: "own", count: undefined },
    "*-b": { count: 3 },
  });
  assert.deepEqual(
    ["a-b", "a-c", "c-b", "d"].map((name) => settings(named(name))),
    [{ count: 1, text: "own" }, { count: 2, text: "all" }, { count: 3, text: "all" }, all],
  );
});

test("one upstream has one object", () => {
  const settings = settingsByUpstream({ count: 1 }, { a: { count: 2 } });
  const upstream = named("a");
  assert.equal(settings(upstream), settings(upstream));
});
