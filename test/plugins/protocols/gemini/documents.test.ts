import { test } from "node:test";
import { protocol } from "../../../../plugins/protocols/gemini/index.ts";
import { assertAnswerIdentity, assertRequestIdentity } from "../_codec.ts";
import { answers, requests } from "./_documents.ts";

const { chat } = protocol.codecs;

for (const [name, body] of Object.entries(requests)) {
  test(`a documented request, read and written again, is the same: ${name}`, () =>
    assertRequestIdentity(chat, body, { model: "gemini-2.5-flash" }));
}

for (const [name, body] of Object.entries(answers)) {
  test(`a documented answer, read and written again, is the same: ${name}`, () =>
    assertAnswerIdentity(chat, body));
}
