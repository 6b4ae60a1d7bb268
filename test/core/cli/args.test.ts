import assert from "node:assert/strict";
import { test } from "node:test";
import { checkArgs, listOf, wholeNumber } from "../../../core/cli/args.ts";
import { UsageError } from "../../../core/cli/failure.ts";

const args = {
  config: { type: "string", alias: "c" },
  preset: { type: "string", alias: "p" },
  watch: { type: "boolean", default: true },
  "https.cert": { type: "string" },
} as const;

const refused = (rawArgs: string[], message: string): void =>
  assert.throws(() => checkArgs(args, rawArgs), new UsageError(message));

test("known flags pass, in every spelling that is taken", () => {
  checkArgs(args, ["--config", "a.yaml", "-p", "demo", "--no-watch", "--https.cert=x"]);
  checkArgs(args, ["-c", "a.yaml", "--watch", "--preset=a,b"]);
  checkArgs({ ...args, folder: { type: "positional" } }, ["./Log", "-c", "x"]);
});

test("unknown flags are refused, with the name that was meant", () => {
  refused(["--confg", "x"], 'unknown flag --confg; did you mean "--config"?');
  refused(["--frobnicate"], "unknown flag --frobnicate");
  refused(["-x"], "unknown flag -x");
  refused(["--no-config"], 'unknown flag --no-config; did you mean "--config"?');
});

test("a flag without its value, a value for a switch and a stray argument are refused", () => {
  refused(["--config"], "--config needs a value");
  refused(["--config", "--watch"], "--config needs a value");
  refused(["--config="], "--config needs a value");
  refused(["--watch=maybe"], '--watch takes no value, found "maybe"');
  refused(["check"], 'unexpected argument "check": a command comes first, flags after it');
});

test("a list is gathered from repeats and commas, in order", () => {
  assert.deepEqual(listOf(args, "preset", ["--preset", "a, b", "-c", "x", "-p", "c", "--preset=d,"]), [
    "a",
    "b",
    "c",
    "d",
  ]);
  assert.deepEqual(listOf(args, "preset", []), []);
});

test("numbers are whole and within bounds", () => {
  assert.equal(wholeNumber("port", "8787", 0, 65_535), 8787);
  assert.equal(wholeNumber("port", undefined, 0, 65_535), undefined);
  for (const text of ["abc", "1.5", "-1", "70000", "1e3", " "]) {
    assert.throws(() => wholeNumber("port", text, 0, 65_535), UsageError, text);
  }
});
