import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { quickest } from "../_patience.ts";
import { limitList, limitTexts, parseLimits } from "../../core/index.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

test("every way to write a limit", () => {
  const cases: [string, number, "requests" | "tokens", number, string][] = [
    ["60/min", 60, "requests", minute, "60 requests per minute"],
    ["60/m", 60, "requests", minute, "60 requests per minute"],
    ["5/hour", 5, "requests", 60 * minute, "5 requests per hour"],
    ["5/hr", 5, "requests", 60 * minute, "5 requests per hour"],
    ["1/s", 1, "requests", 1000, "1 request per second"],
    ["1/sec", 1, "requests", 1000, "1 request per second"],
    ["1000/d", 1000, "requests", day, "1000 requests per day"],
    ["100/month", 100, "requests", 30 * day, "100 requests per month"],
    ["100/mo", 100, "requests", 30 * day, "100 requests per month"],
    ["7/y", 7, "requests", 365 * day, "7 requests per year"],
    ["1/10seconds", 1, "requests", 10_000, "1 request per 10 seconds"],
    ["100/2minutes", 100, "requests", 2 * minute, "100 requests per 2 minutes"],
    ["60 per minute", 60, "requests", minute, "60 requests per minute"],
    ["60 PER 1 Minute", 60, "requests", minute, "60 requests per minute"],
    ["3 requests / 5 min", 3, "requests", 5 * minute, "3 requests per 5 minutes"],
    ["100000 tokens/min", 100_000, "tokens", minute, "100000 tokens per minute"],
    ["tokens:100000/min", 100_000, "tokens", minute, "100000 tokens per minute"],
    ["100k tokens/min", 100_000, "tokens", minute, "100000 tokens per minute"],
    ["1.5k tokens/h", 1500, "tokens", 60 * minute, "1500 tokens per hour"],
    ["2M tokens/d", 2_000_000, "tokens", day, "2000000 tokens per day"],
    ["1_000 tokens/d", 1000, "tokens", day, "1000 tokens per day"],
  ];
  for (const [text, amount, unit, window, shown] of cases) {
    assert.deepEqual(parseLimits(text), [{ amount, unit, window, text: shown }], text);
  }
});

test("several limits, joined or in a list", () => {
  const windows = (limits: ReturnType<typeof parseLimits>): string =>
    limits.map((l) => `${l.amount}/${l.window}`).join();
  const expected = "60/60000,600/3600000";
  assert.equal(windows(parseLimits("60/minute;600/hour")), expected);
  assert.equal(windows(parseLimits("60/min, 600/h,")), expected);
  assert.equal(windows(parseLimits(["60/min", "600/h"])), expected);
  assert.equal(windows(v.parse(limitList, ["60/min; 600/h"])), expected);
});

test("no limit", () => {
  for (const text of ["inf", "none", "", " ", "INF;none"]) assert.deepEqual(parseLimits(text), [], text);
  assert.deepEqual(v.parse(limitList, []), []);
});

test("mistakes name what was found and what is expected", () => {
  const cases: [unknown, string, RegExp][] = [
    ["60", '"60"', /^a limit such as "60\/min", "5\/10 seconds" or "100000 tokens\/min"$/],
    ["60/min, 5/fortnight", '"5/fortnight"', /there is no unit of time "fortnight" \(s, min, h, d, mo, y\)$/],
    [["60/min", "x"], '"x"', /^a limit such as/],
    ["1/constructor", '"1/constructor"', /no unit of time "constructor"/],
    ["60/ms", '"60/ms"', /no unit of time "ms"/],
    ["0/min", '"0/min"', /a whole number from 1 on$/],
    ["1.5/s", '"1.5/s"', /a whole number from 1 on$/],
    ["99999999999999999/s", '"99999999999999999/s"', /a whole number from 1 on$/],
    ["60/0s", '"60/0s"', /a length of time above 0$/],
    ["-1/s", '"-1/s"', /^a limit such as/],
    ["tokens:5 requests/min", '"tokens:5 requests/min"', /said twice$/],
    [5, "5", /^a limit such as/],
  ];
  for (const [found, received, expected] of cases) {
    for (const schema of [limitList, limitTexts]) {
      const issues = v.safeParse(schema, found).issues ?? [];
      assert.equal(issues.length, 1, String(found));
      assert.equal(issues[0]?.received, received);
      assert.match(issues[0]?.message ?? "", expected);
    }
  }
  assert.throws(() => parseLimits("x"), {
    name: "TypeError",
    message: /^Found "x", expected a limit such as/,
  });
});

test("texts stay texts where they are wanted", () => {
  assert.deepEqual(v.parse(limitTexts, "60/min;1/s"), ["60/min;1/s"]);
  assert.deepEqual(v.parse(limitTexts, ["60/min", "inf"]), ["60/min", "inf"]);
});

test("no text is slow to read", () => {
  const took = quickest(500, () => {
    assert.throws(() => parseLimits(`1${" ".repeat(50_000)}x`));
    assert.throws(() => parseLimits(`${"1_".repeat(50_000)}x`));
  });
  assert.ok(took < 500, `${took} ms`);
});
