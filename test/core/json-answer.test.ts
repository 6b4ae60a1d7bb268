import assert from "node:assert/strict";
import test from "node:test";
import { GatewayError } from "../../core/errors.ts";
import { readJsonObject } from "../../core/json-answer.ts";
import { fromStream } from "../../core/transport/body.ts";
import type { WireBody } from "../../core/transport/types.ts";

function bodyOf(text: string): WireBody {
  const { body } = new Response(text);
  assert(body);
  return fromStream(body);
}

test("an object is read, and a list where it has a name to stand under", async () => {
  assert.deepEqual(await readJsonObject(bodyOf('{"a":"é"}'), 100), { a: "é" });
  assert.deepEqual(await readJsonObject(bodyOf('{"a":1}'), 100, "data"), { a: 1 });
  assert.deepEqual(await readJsonObject(bodyOf("[1]"), 100, "data"), { data: [1] });
});

test("anything else is a bad answer", async () => {
  for (const text of ["[1]", "null", "1", "{", "oops"]) {
    await assert.rejects(readJsonObject(bodyOf(text), 100), GatewayError, text);
  }
  await assert.rejects(readJsonObject(bodyOf('"a"'), 100, "data"), GatewayError);
  await assert.rejects(readJsonObject(bodyOf('{"a":1}'), 6), RangeError);
});
