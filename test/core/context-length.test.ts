import assert from "node:assert/strict";
import { test } from "node:test";
import { withContextCode } from "../../core/context-length.ts";

/** As services say it; see the list in core. */
const said = [
  "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
  "prompt is too long: 210000 tokens > 200000 maximum",
  "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length",
  "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
  "Input is too long for requested model.",
  "too many tokens: total number of tokens in the prompt cannot exceed 4081",
  "Please reduce the length of the messages or completion.",
  "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
  "Prompt contains 65673 tokens, too large for model with 32768 maximum context length",
  "the request exceeds the available context size. try increasing the context size",
];

test("a request that is too long for its model has one code, however it is said", () => {
  for (const message of said) {
    const failure = withContextCode({ message, code: "invalid_request_error" }, 400);
    assert.deepEqual(failure, { message, code: "context_length_exceeded" }, message);
  }
});

test("other faults keep their code, and so do other statuses", () => {
  const others = [
    "max_tokens is too large: 100000. This model supports at most 16384 completion tokens.",
    "messages: at least one message is required",
    "Invalid value for 'context': expected an object",
    "Invalid 'tools[0].function.name': string too long.",
  ];
  for (const message of others)
    assert.deepEqual(withContextCode({ message, code: "x" }, 400), { message, code: "x" });
  const throttled = { message: "Too many tokens, please wait before trying again." };
  assert.deepEqual(withContextCode(throttled, 429), throttled);
});
