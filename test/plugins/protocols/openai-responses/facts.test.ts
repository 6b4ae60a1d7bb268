import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import type { Fields } from "../../../../core/index.ts";
import { readError } from "../../../../plugins/protocols/openai-responses/errors.ts";
import { readRequest, readText } from "../../../../plugins/protocols/openai-responses/facts.ts";
import { EventReader, renameAnswer } from "../../../../plugins/protocols/openai-responses/read-along.ts";
import { recorded, streamOf } from "./_events.ts";
import { answers, requests } from "./_objects.ts";

const create = { method: "POST", path: "/v1/responses", operation: "chat" };

test("the facts of a request", () => {
  const facts = readRequest(
    { ...requests["a turn with tools"], instructions: "Be kind.", stream: true, max_output_tokens: 9 },
    create,
  );
  assert.equal(facts.model, "gpt-5");
  assert.equal(facts.stream, true);
  assert.equal(facts.maxTokens, 9);
  assert.deepEqual(facts.messages(), [
    { role: "system", text: "Be kind." },
    { role: "user", text: "Horoscope, and the weather?" },
    { role: "assistant", text: "I look." },
    { role: "tool", text: "18 degrees" },
    { role: "tool", text: "See" },
    { role: "tool", text: "1" },
    { role: "user", text: "And?" },
  ]);
  assert.deepEqual(readRequest({ model: "m", input: "Hi" }, create).messages(), [
    { role: "user", text: "Hi" },
  ]);
  assert.deepEqual(readRequest(undefined, { ...create, modelless: true }).messages(), []);
});

for (const body of [undefined, [], {}, { model: 1 }, { model: "m", stream: "yes" }]) {
  test(`a request without a shape: ${JSON.stringify(body)}`, () => {
    assert.throws(
      () => readRequest(body, create),
      (error) => error instanceof GatewayError && error.status === 400,
    );
  });
}

test("text and usage of what passes", () => {
  assert.equal(
    readText(answers["several messages"]),
    "In a peaceful grove — 🌿 …\nIn a peaceful grove — 🌿 …\nMore",
  );
  const read = (collect: boolean): EventReader => {
    const reader = new EventReader(collect);
    for (const line of streamOf(recorded).split("\n"))
      if (line.startsWith("data: ")) reader.event(line.slice(6));
    return reader;
  };
  const reader = read(true);
  assert.equal(reader.text(), "See [1] — 漢字 🌍");
  assert.equal(reader.ended(), true);
  assert.equal(reader.outputEvents(), 8);
  assert.deepEqual(reader.usage(), {
    inputTokens: 328,
    outputTokens: 52,
    cachedTokens: 100,
    cacheCreationTokens: 20,
    reasoningTokens: 12,
  });
  assert.equal(read(false).text(), "");
  assert.deepEqual(read(false).usage(), reader.usage());
});

test("a model's name is changed where it stands, and not a byte beside", () => {
  const whole =
    '{"id":"resp_1", "response":{"model":"x"},"model" : "theirs","tools":[{"model":"x"}],"n":1.0}';
  assert.equal(renameAnswer(whole, "ours"), whole.replace('"theirs"', '"ours"'));
  const event = String.raw`{"type":"response.completed","sequence_number":1,"response": {"text":"}\"{","metadata":{"model":"x"},"model":"theirs"},"model":"x"}`;
  assert.equal(renameAnswer(event, "ours"), event.replace('"theirs"', '"ours"'));
  const delta = '{"type":"response.output_text.delta","delta":"x","model":"x"}';
  assert.equal(renameAnswer(delta, "ours"), delta);
});

const errors: [body: Fields, status: number, expected: object | undefined][] = [
  [answers["text"] as Fields, 200, undefined],
  [
    { error: { message: "No.", type: "invalid_request_error", param: "input", code: null } },
    400,
    { message: "No.", code: "invalid_request_error", param: "input" },
  ],
  [
    { error: { message: "Slow.", code: "rate_limit_exceeded" } },
    200,
    { message: "Slow.", code: "rate_limit_exceeded", status: 429 },
  ],
  [{ error: "broken" }, 500, { message: "broken" }],
  [
    { object: "error", message: "No.", type: "BadRequestError", param: null },
    400,
    { message: "No.", code: "BadRequestError" },
  ],
  [{ detail: "Unauthorized" }, 401, { message: "Unauthorized" }],
  [{}, 500, undefined],
];
for (const [body, status, expected] of errors) {
  test(`an error of status ${status}: ${JSON.stringify(body).slice(0, 60)}`, () => {
    assert.deepEqual(readError(body, status), expected);
  });
}
