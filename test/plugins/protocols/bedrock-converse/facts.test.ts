import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import type { Endpoint } from "../../../../core/index.ts";
import { protocol } from "./_bedrock.ts";
import { answers, requests } from "./_documented.ts";

const [converse, stream] = protocol.endpoints as [Endpoint, Endpoint];

test("the model is read from the path, however it is encoded", () => {
  const arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-7";
  const read = (path: string, endpoint = converse) => protocol.readRequest?.({}, endpoint, path);
  assert.equal(read("/model/amazon.nova-pro-v1%3A0/converse")?.model, "amazon.nova-pro-v1:0");
  assert.equal(read("/model/amazon.nova-pro-v1:0/converse")?.model, "amazon.nova-pro-v1:0");
  assert.equal(read(`/model/${encodeURIComponent(arn)}/converse`)?.model, arn);
  assert.equal(read(`/model/${arn}/converse`)?.model, arn);
  assert.equal(read("/model/m/converse")?.stream, false);
  assert.equal(read("/model/m/converse-stream", stream)?.stream, true);
  assert.throws(() => read("/model/%zz/converse"), GatewayError);
  assert.throws(() => protocol.readRequest?.([], converse, "/model/m/converse"), GatewayError);
});

test("the prompt's texts and the answer's are found", () => {
  const facts = protocol.readRequest?.(requests["tools"], converse, "/model/m/converse");
  assert.deepEqual(facts?.messages(), [
    { role: "user", text: "Weather in Paris and Rome?" },
    { role: "assistant", text: "I will look." },
    { role: "user", text: "No such city.\nAnd now?" },
  ]);
  assert.equal(protocol.readRequest?.(requests["inference"], converse, "/model/m/converse").maxTokens, 512);
  assert.equal(protocol.readText?.(answers["serverTool"]), "Found.\nIt rained.");
  assert.deepEqual(protocol.readUsage?.(answers["reasoning"]), {
    inputTokens: 113,
    outputTokens: 5,
    cachedTokens: 100,
    cacheCreationTokens: 10,
  });
  assert.equal(protocol.readUsage?.({}), undefined);
});

test("errors are read, and written as AWS clients know them", () => {
  assert.deepEqual(protocol.readError?.({ message: "No." }, 403), { message: "No." });
  assert.deepEqual(protocol.readError?.({ __type: "com.amazon.coral.service#ThrottlingException" }, 200), {
    message: "ThrottlingException",
    code: "ThrottlingException",
    status: 429,
  });
  assert.deepEqual(protocol.readError?.({ Message: "No.", __type: "Odd" }, 200), {
    message: "No.",
    code: "Odd",
    status: 502,
  });
  assert.equal(protocol.readError?.(answers["plain"] as never, 200), undefined);
  const error = new GatewayError("Slow down.", { status: 429, code: "rate_limit_exceeded" });
  assert.deepEqual(JSON.parse(protocol.renderError(error)), {
    __type: "ThrottlingException",
    message: "Slow down.",
  });
});
