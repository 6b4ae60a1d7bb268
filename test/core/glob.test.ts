import assert from "node:assert/strict";
import { test } from "node:test";
import { matcher, wildcard } from "../../core/index.ts";
import { quickest } from "../_patience.ts";

const names = ["gpt-4", "gpt-4o", "gpt-4-32k", "gpt-3.5", "claude-3-opus", ""];
const taken = (list: string[] | undefined): string[] => names.filter(matcher(list));

test("exact names match themselves only", () => {
  assert.deepEqual(taken(["gpt-4"]), ["gpt-4"]);
  assert.deepEqual(taken(["GPT-4"]), []);
});

test("without a list all match, with an empty one none", () => {
  assert.deepEqual(taken(undefined), names);
  assert.deepEqual(taken([]), []);
});

test("a wildcard stands for any run of characters, wherever it is", () => {
  assert.deepEqual(taken(["gpt-4*"]), ["gpt-4", "gpt-4o", "gpt-4-32k"]);
  assert.deepEqual(taken(["*o"]), ["gpt-4o"]);
  assert.deepEqual(taken(["*-3*"]), ["gpt-4-32k", "gpt-3.5", "claude-3-opus"]);
  assert.deepEqual(taken(["g*4*2k"]), ["gpt-4-32k"]);
  assert.deepEqual(taken(["*"]), names);
  assert.deepEqual(taken(["**"]), names);
});

test("an exclusion wins wherever it stands, and alone takes from all", () => {
  assert.deepEqual(taken(["gpt-4*", "!gpt-4-32k"]), ["gpt-4", "gpt-4o"]);
  assert.deepEqual(taken(["!gpt-4-32k", "gpt-4*"]), ["gpt-4", "gpt-4o"]);
  assert.deepEqual(taken(["!gpt-*"]), ["claude-3-opus", ""]);
  assert.deepEqual(taken(["!*"]), []);
});

test("one pattern by itself knows no exclusion", () => {
  assert.deepEqual(names.filter(wildcard("gpt-4")), ["gpt-4"]);
  assert.deepEqual(names.filter(wildcard("gpt-4*")), ["gpt-4", "gpt-4o", "gpt-4-32k"]);
  assert.deepEqual(names.filter(wildcard("!gpt-4")), []);
  assert.equal(wildcard("!gpt*")("!gpt-4"), true);
});

test("pieces may not overlap", () => {
  assert.equal(matcher(["aba*aba"])("aba"), false);
  assert.equal(matcher(["aba*aba"])("ababa"), false);
  assert.equal(matcher(["aba*aba"])("abaaba"), true);
  assert.equal(matcher(["a*bc*c"])("abc"), false);
  assert.equal(matcher(["a*bc*c"])("abcc"), true);
});

test("characters of regular expressions are plain", () => {
  assert.equal(matcher(["gpt-3.5*"])("gpt-3x5"), false);
  assert.equal(matcher(["a(b|c)*"])("a(b|c)d"), true);
  assert.equal(matcher(["line*end"])("line\nend"), true);
});

test("no pattern is slow on a name made against it", () => {
  const matches = matcher([`${"*a".repeat(30)}*b`]);
  const took = quickest(200, () => assert.equal(matches("a".repeat(100_000)), false));
  assert.ok(took < 200, `${took} ms`);
});

test("agrees with a plain search over all ways to fill the wildcards", () => {
  const slow = (pattern: string, name: string): boolean => {
    if (pattern === "") return name === "";
    if (pattern[0] !== "*") return pattern[0] === name[0] && slow(pattern.slice(1), name.slice(1));
    return slow(pattern.slice(1), name) || (name !== "" && slow(pattern, name.slice(1)));
  };
  let matched = 0;
  for (let i = 0; i < 3000; i++) {
    const pattern = pick("ab**", i * 7 + 1, 5);
    const name = pick("ab", i * 13 + 5, 6);
    const expected = slow(pattern, name);
    if (expected) matched++;
    assert.equal(matcher([pattern])(name), expected, `${pattern} on ${name}`);
  }
  assert.ok(matched > 100);
});

/** A text of up to `most` of the letters, the same for the same seed. */
function pick(letters: string, seed: number, most: number): string {
  let state = seed;
  let text = "";
  const random = (below: number): number =>
    (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  for (let length = random(65_536) % (most + 1); length > 0; length--)
    text += letters[random(65_536) % letters.length];
  return text;
}
