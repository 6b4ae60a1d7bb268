import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePythonLiteral } from "../../../plugins/chat-log/python-literal.ts";

const cases: [name: string, text: string, value: unknown][] = [
  ["both quotes", `{'a': "it's", "b": 'say "hi"'}`, { a: "it's", b: 'say "hi"' }],
  ["escapes", String.raw`'a\n\t\\\'\"\x41\u00e9\U0001f600\0\101'`, "a\n\t\\'\"Aé😀\0A"],
  ["an escape that is none", String.raw`'\d'`, String.raw`\d`],
  ["half a surrogate pair", String.raw`'\ud83d'`, "\ud83d"],
  ["text that is not ASCII", "'你好 😀'", "你好 😀"],
  ["a raw string", String.raw`r'a\n\'b'`, String.raw`a\n\'b`],
  ["words", "[True, False, None]", [true, false, null]],
  ["numbers", "[1, -2.5, 1e3, 1_000, .5]", [1, -2.5, 1000, 1000, 0.5]],
  ["tuples", "((1), (1,), (), (1, 2))", [1, [1], [], [1, 2]]],
  ["nesting and commas at the end", "{'a': [{'b': {},},],}", { a: [{ b: {} }] }],
  ["blanks", "  { 'a' :\t[ 1 ,2 ] }  ", { a: [1, 2] }],
  ["a key that is a number", "{1: 'one'}", { "1": "one" }],
];

for (const [name, text, value] of cases) {
  test(`reads ${name}`, () => assert.deepEqual(parsePythonLiteral(text), value));
}

const mistakes: [text: string, message: RegExp][] = [
  ["", /ends too early \(column 1\)/],
  ["{'a': 1", /expected "}" \(column 8\)/],
  ["{'a' 1}", /expected ":" \(column 6\)/],
  ["'abc", /without its end/],
  ["'abc\n'", /without its end/],
  ["[1] [2]", /something follows/],
  ["__import__('os')", /unexpected "_"/],
  ["open", /unexpected "o"/],
  ["{[1]: 2}", /a key that is no plain value/],
  [String.raw`'\Uffffffff'`, /no such character/],
  ["[".repeat(100_000), /nested deeper/],
];

for (const [text, message] of mistakes) {
  test(`refuses ${text.slice(0, 20)}`, () => {
    assert.throws(() => parsePythonLiteral(text), { name: "SyntaxError", message });
  });
}

test("a key named __proto__ is a key like any other", () => {
  const value = parsePythonLiteral("{'__proto__': {'a': 1}}") as object;
  assert.deepEqual(Object.keys(value), ["__proto__"]);
  assert.equal((value as { a?: number }).a, undefined);
});
