import assert from "node:assert/strict";
import { test } from "node:test";
import { chunksOf } from "../../../../core/index.ts";
import { protocol } from "../../../../plugins/protocols/gemini/index.ts";
import { answerContext, assertStreamIdentity, context } from "../_codec.ts";
import { answers, requests } from "../_conversations.ts";
import type { ChatAnswer, ChatChunk, ChatRequest } from "../../../../core/index.ts";

const { chat } = protocol.codecs;

/** What this protocol has no words for: the name of a schema, that it is strict, and that nothing more may stand in it. */
const differs: Record<string, (request: ChatRequest) => ChatRequest> = {
  schema: (request) => ({
    ...request,
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "response",
        schema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
      },
    },
  }),
};

/** Without the copy of a schema as it came over the wire, which is kept beside the one that is read from it. */
function plain(request: ChatRequest): ChatRequest {
  const { extensions: _, ...rest } = request;
  const tools = request.tools?.map((tool) => {
    const { extensions: __, ...plainTool } = tool as typeof tool & { extensions?: unknown };
    return plainTool;
  });
  return { ...rest, ...(tools && { tools }) } as ChatRequest;
}

for (const [name, request] of Object.entries(requests)) {
  test(`a conversation is the same after it was a request of Gemini's: ${name}`, async () => {
    const about = context();
    const body = chat.encodeRequest(request, about);
    const again = await chat.decodeRequest(JSON.parse(JSON.stringify(body)), about);
    assert.deepEqual(plain(again), differs[name]?.(request) ?? request);
    assert.deepEqual(about.dropped, []);
  });
}

/** The upstream's own word is told beside the neutral reason. */
function native({ choices, ...answer }: ChatAnswer): ChatAnswer {
  const word = (reason: string) => (reason === "length" ? "MAX_TOKENS" : "STOP");
  return {
    ...answer,
    choices: choices.map((choice) => ({ ...choice, native_finish_reason: word(choice.finish_reason) })),
  };
}

for (const [name, answer] of Object.entries(answers)) {
  test(`an answer is the same after it was an answer of Gemini's: ${name}`, async () => {
    const about = answerContext();
    const body = await chat.encodeAnswer(answer, about);
    assert.deepEqual(chat.decodeAnswer(JSON.parse(JSON.stringify(body)), about), native(answer));
  });

  test(`an answer as a stream is the same after it was a stream of Gemini's: ${name}`, () => {
    const chunks: ChatChunk[] = chunksOf(native(answer));
    assertStreamIdentity(chat, chunks);
  });
}
