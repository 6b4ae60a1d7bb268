import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldsFrom, parseBody, replaceTopLevelString } from "../../core/json.ts";
import { GatewayError } from "../../core/errors.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function refusal(body: Uint8Array): { status: number; code: string; message: string } {
  try {
    parseBody(body);
  } catch (error) {
    assert(error instanceof GatewayError);
    const { status, code, message } = error;
    return { status, code, message };
  }
  throw new Error("it was taken");
}

test("parses JSON", () => {
  assert.deepEqual(parseBody(bytes('{"a":[1,"é"]}')), { a: [1, "é"] });
});

test("refuses what is not JSON, not UTF-8, empty or too deep", () => {
  const code = "invalid_json";
  assert.deepEqual(refusal(bytes("{a")), {
    status: 400,
    code,
    message: "The request body is not valid JSON.",
  });
  assert.deepEqual(refusal(bytes("  ")), { status: 400, code, message: "The request body is empty." });
  const broken = Uint8Array.of(0x22, 0xc3, 0x28, 0x22);
  assert.deepEqual(refusal(broken), { status: 400, code, message: "The request body is not valid UTF-8." });
  const message = "The request body is nested deeper than 512 levels.";
  assert.deepEqual(refusal(bytes("[".repeat(100_000))), { status: 400, code, message });
  assert.deepEqual(refusal(bytes('{"a":'.repeat(513) + "1" + "}".repeat(513))), {
    status: 400,
    code,
    message,
  });
});

test("brackets within strings are no depth", () => {
  const text = JSON.stringify({ text: '[{"\\'.repeat(2000) });
  assert.deepEqual(parseBody(bytes(text)), JSON.parse(text));
  assert.equal((parseBody(bytes("[".repeat(512) + "]".repeat(512))) as unknown[]).length, 1);
});

test("replaces a top-level string and leaves every other byte", () => {
  const text =
    '{ "n": 1.0, "x":{"model":"inner"}, "model" :\n "a\\"b" , "messages":["model","model"], "big":12345678901234567890}';
  const expected =
    '{ "n": 1.0, "x":{"model":"inner"}, "model" :\n "c/d" , "messages":["model","model"], "big":12345678901234567890}';
  assert.equal(replaceTopLevelString(text, "model", "c/d"), expected);
});

test("replaces every duplicate, and keys written with escapes", () => {
  assert.equal(
    replaceTopLevelString('{"model":"a","mod\\u0065l":"b"}', "model", "c"),
    '{"model":"c","mod\\u0065l":"c"}',
  );
});

test("leaves values that are no strings, and text without the key", () => {
  for (const text of ['{"model":5,"a":"model"}', '["model","x"]', '{"a":"model"}', "{}"]) {
    assert.equal(replaceTopLevelString(text, "model", "c"), text);
  }
});

const fieldCases: [name: string, json: string, found: unknown][] = [
  ["the last field", '{"id":1,"usage":{"in":2}}', { usage: { in: 2 } }],
  ["one before others", '{"id":1, "usage" : {"in":2}, "tier":"}"}', { usage: { in: 2 }, tier: "}" }],
  ["null", '{"usage":null}', { usage: null }],
  ["one deeper down", '{"x":{"usage":{"in":2}}}', undefined],
  ["one deeper down behind it", '{"usage":{"in":1},"x":{"usage":{"in":2}}}', undefined],
  ["one of an object in a list", '[{"usage":{"in":2}}]', undefined],
  ["one inside it", '{"usage":{"usage":2}}', undefined],
  ["a text of the name", '{"a":"usage"}', undefined],
  ["a text that looks like it", '{"a":"\\"usage\\":{\\"in\\":2}}"}', undefined],
  ["none", '{"a":1}', undefined],
  ["a lone text of the name", '"usage"', undefined],
];

for (const [name, json, found] of fieldCases) {
  test(`finds a field at the top from the end: ${name}`, () => {
    JSON.parse(json);
    assert.deepEqual(fieldsFrom(json, "usage"), found);
  });
}
