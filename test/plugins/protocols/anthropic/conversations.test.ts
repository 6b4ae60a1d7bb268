import assert from "node:assert/strict";
import { test } from "node:test";
import { chunksOf } from "../../../../core/index.ts";
import { answerContext, assertStreamIdentity, context } from "../_codec.ts";
import { answers, requests } from "../_conversations.ts";
import { chat } from "./_codec.ts";
import type { ChatAnswer, ChatRequest } from "../../../../core/index.ts";

/** A schema has no name here: it comes back with the one that all have. */
const schemaModel = "claude-opus-4-6";

function expected(request: ChatRequest, model: string): ChatRequest {
  const format = request.response_format;
  if (format?.type !== "json_schema") return { ...request, model };
  return {
    ...request,
    model,
    response_format: { ...format, json_schema: { ...format.json_schema, name: "response" } },
  };
}

for (const [name, request] of Object.entries(requests)) {
  test(`the request ${name}, written and read again, is the same`, async () => {
    const model = name === "schema" ? schemaModel : request.model;
    const about = context({ model });
    const body = chat.encodeRequest(request, about);
    assert.deepEqual(
      await chat.decodeRequest(JSON.parse(JSON.stringify(body)), about),
      expected(request, model),
    );
    assert.deepEqual(about.dropped, []);
  });
}

/** The protocol's own word for the end is kept beside the neutral one. */
function withoutNative(answer: ChatAnswer): ChatAnswer {
  const choices = answer.choices.map((choice) => {
    const { native_finish_reason: native, ...rest } = choice;
    assert.equal(typeof native, "string");
    return rest;
  });
  return { ...answer, choices };
}

for (const [name, answer] of Object.entries(answers)) {
  test(`the answer ${name}, written and read again, is the same`, async () => {
    const about = answerContext();
    const body = (await chat.encodeAnswer(answer, about)) as Record<string, unknown>;
    assert.deepEqual(withoutNative(chat.decodeAnswer(JSON.parse(JSON.stringify(body)), about)), answer);
  });

  test(`the answer ${name} as a stream adds up to the same`, () => {
    const native = { length: "max_tokens", tools: "tool_use" }[name] ?? "end_turn";
    const choices = answer.choices.map((choice) => ({ ...choice, native_finish_reason: native }));
    const text = assertStreamIdentity(chat, chunksOf({ ...answer, choices }));
    assert.match(text, /^event: message_start\ndata: /);
    assert.match(text, /event: message_stop\ndata: \{"type":"message_stop"\}\n\n$/);
  });
}
