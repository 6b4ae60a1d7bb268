import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import { protocol } from "./_codec.ts";

const types: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  422: "invalid_request_error",
  429: "rate_limit_error",
  500: "api_error",
  502: "api_error",
  503: "overloaded_error",
  504: "timeout_error",
  529: "overloaded_error",
};

test("a status is told by the type that belongs to it", () => {
  for (const [status, type] of Object.entries(types)) {
    const error = new GatewayError("No.", { status: Number(status), code: "x" });
    assert.deepEqual(JSON.parse(protocol.renderError(error)), {
      type: "error",
      error: { type, message: "No." },
    });
  }
});

test("an upstream's error is read, with the status it should have had", () => {
  const body = { type: "error", error: { type: "overloaded_error", message: "Busy" }, request_id: "req_1" };
  assert.deepEqual(protocol.readError?.(body, 529), { message: "Busy", code: "overloaded_error" });
  assert.deepEqual(protocol.readError?.(body, 200), {
    message: "Busy",
    code: "overloaded_error",
    status: 529,
  });
  const detailed = {
    error: { type: "not_found_error", message: "Gone", details: { error_code: "thread_not_found" } },
  };
  assert.deepEqual(protocol.readError?.(detailed, 404), { message: "Gone", code: "thread_not_found" });
  assert.equal(protocol.readError?.({ error: { type: "odd" } }, 200)?.status, 502);
  assert.equal(protocol.readError?.({ type: "message", content: [] }, 200), undefined);
});

test("the model's name in an answer and in a stream's first event, with not a byte else changed", () => {
  const rename = (json: string): string | undefined => protocol.renameAnswer?.(json, "mine");
  assert.equal(rename('{"id":"a", "model":"x","n":1.0}'), '{"id":"a", "model":"mine","n":1.0}');
  const start = (model: string): string =>
    `{"type":"message_start","message":{"model":"${model}","content":[],"usage":{"input_tokens":1e2}} }`;
  assert.equal(rename(start("x")), start("mine"));
  const delta = '{"type":"content_block_delta","delta":{"type":"text_delta","text":"\\"model\\":\\"x\\""}}';
  assert.equal(rename(delta), delta);
});
