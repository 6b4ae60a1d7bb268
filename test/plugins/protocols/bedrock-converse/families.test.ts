import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatRequest, Fields } from "../../../../core/index.ts";
import { familyOf } from "../../../../plugins/protocols/bedrock-converse/families.ts";
import { answerContext, context } from "../_codec.ts";
import { claude, codec, nova } from "./_bedrock.ts";

function encode(request: Partial<ChatRequest>, model: string): Fields & { dropped: string[] } {
  const about = context({ model });
  const body = codec.encodeRequest(
    { model: "asked", messages: [{ role: "user", content: "Hi" }], ...request },
    about,
  );
  const { messages: _, ...rest } = JSON.parse(JSON.stringify(body)) as Fields;
  return { ...rest, dropped: about.dropped };
}

test("models are known by their ids, those of inference profiles and ARNs", () => {
  const way = (model: string) => familyOf(model).claude;
  assert.equal(way("anthropic.claude-3-5-sonnet-20241022-v2:0"), "none");
  assert.equal(way("us.anthropic.claude-3-7-sonnet-20250219-v1:0"), "budget");
  assert.equal(way("eu.anthropic.claude-opus-4-1-20250805-v1:0"), "budget");
  assert.equal(way("global.anthropic.claude-haiku-4-5-20251001-v1:0"), "budget");
  assert.equal(way("global.anthropic.claude-opus-4-6-v1"), "both");
  assert.equal(way("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-7"), "adaptive");
  assert.equal(way("anthropic.claude-sonnet-5"), "adaptive");
  assert.equal(familyOf("us.amazon.nova-2-lite-v1:0").reasoning, "reasoningConfig");
  assert.equal(familyOf(nova).schema, "tool");
  assert.equal(familyOf("openai.gpt-oss-120b-1:0").reasoning, "reasoning_effort");
  assert.equal(familyOf("us.deepseek.r1-v1:0").forgetsReasoning, true);
  assert.equal(familyOf("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc").schema, "native");
});

test("Claude thinks within a budget that fits into the whole", () => {
  const thinking = (budget_tokens: number) => ({ thinking: { type: "enabled", budget_tokens } });
  assert.deepEqual(encode({ reasoning_effort: "medium" }, claude), {
    additionalModelRequestFields: thinking(8192),
    dropped: [],
  });
  assert.deepEqual(encode({ reasoning: { max_tokens: 3000 }, max_tokens: 2000 }, claude), {
    inferenceConfig: { maxTokens: 2000 },
    additionalModelRequestFields: thinking(1999),
    dropped: [],
  });
  assert.deepEqual(encode({ reasoning_effort: "low", max_tokens: 100 }, claude).dropped, [
    "reasoning_effort",
  ]);
  assert.deepEqual(encode({ reasoning_effort: "none" }, claude).additionalModelRequestFields, {
    thinking: { type: "disabled" },
  });
});

test("newer Claude thinks as it sees fit, up to an effort", () => {
  assert.deepEqual(encode({ reasoning_effort: "minimal" }, "anthropic.claude-sonnet-5"), {
    additionalModelRequestFields: { thinking: { type: "adaptive", display: "summarized" } },
    outputConfig: { effort: "low" },
    dropped: [],
  });
  assert.deepEqual(encode({ reasoning_effort: "xhigh" }, "anthropic.claude-opus-4-6-v1"), {
    additionalModelRequestFields: { thinking: { type: "adaptive" } },
    outputConfig: { effort: "high" },
    dropped: [],
  });
  assert.deepEqual(
    encode({ reasoning: { enabled: true, max_tokens: 5000 } }, "anthropic.claude-opus-4-6-v1"),
    {
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 5000 } },
      dropped: [],
    },
  );
  assert.deepEqual(encode({ reasoning: { enabled: true, exclude: true } }, "anthropic.claude-opus-4-8"), {
    additionalModelRequestFields: { thinking: { type: "adaptive" } },
    dropped: [],
  });
});

test("sampling that Claude refuses is left out, and noted", () => {
  const sampling = { temperature: 0.2, top_p: 0.9, top_k: 40 };
  assert.deepEqual(encode({ ...sampling, reasoning_effort: "low" }, claude), {
    additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2048 } },
    dropped: ["temperature", "top_p", "top_k"],
  });
  assert.deepEqual(encode(sampling, claude), {
    inferenceConfig: { temperature: 0.2, topP: 0.9 },
    additionalModelRequestFields: { top_k: 40 },
    dropped: [],
  });
  const dropped = ["temperature", "top_p", "top_k"];
  assert.deepEqual(encode(sampling, "anthropic.claude-opus-4-7"), { dropped });
  assert.deepEqual(encode({ temperature: 0.2, top_p: 0.9 }, "anthropic.claude-haiku-4-5-20251001-v1:0"), {
    inferenceConfig: { temperature: 0.2 },
    dropped: ["top_p"],
  });
});

test("while Claude thinks, no call is forced", () => {
  const tools = [{ type: "function" as const, function: { name: "look" } }];
  const { toolConfig, dropped } = encode({ tools, tool_choice: "required", reasoning_effort: "low" }, claude);
  assert.deepEqual((toolConfig as Fields)["toolChoice"], { auto: {} });
  assert.deepEqual(dropped, ["tool_choice"]);
});

test("other families are told in words of their own", () => {
  const fields = (request: Partial<ChatRequest>, model: string) =>
    encode(request, model).additionalModelRequestFields;
  assert.deepEqual(fields({ reasoning_effort: "low", top_k: 9 }, "us.amazon.nova-2-lite-v1:0"), {
    reasoningConfig: { type: "enabled", maxReasoningEffort: "low" },
    inferenceConfig: { topK: 9 },
  });
  assert.deepEqual(
    encode({ reasoning_effort: "high", temperature: 0.1, max_tokens: 9 }, "amazon.nova-2-lite-v1:0"),
    {
      additionalModelRequestFields: { reasoningConfig: { type: "enabled", maxReasoningEffort: "high" } },
      dropped: ["temperature", "max_tokens"],
    },
  );
  assert.deepEqual(fields({ reasoning_effort: "xhigh" }, "openai.gpt-oss-20b-1:0"), {
    reasoning_effort: "high",
  });
  assert.deepEqual(fields({ reasoning_effort: "xhigh" }, "openai.gpt-5.6"), {
    reasoning: { effort: "xhigh" },
  });
  assert.deepEqual(fields({ top_k: 5, seed: 3, frequency_penalty: 0.5 }, "cohere.command-r-plus-v1:0"), {
    k: 5,
    seed: 3,
    frequency_penalty: 0.5,
  });
  const llama = encode({ reasoning_effort: "low", top_k: 5 }, "meta.llama4-maverick-17b-instruct-v1:0");
  assert.deepEqual(llama, { dropped: ["reasoning_effort", "top_k"] });
});

const schema = { type: "object", properties: { name: { type: "string" } } };
const format = {
  response_format: { type: "json_schema" as const, json_schema: { name: "city", strict: true, schema } },
};

test("a schema is held by Converse itself where the model can", () => {
  const { outputConfig } = encode(format, "anthropic.claude-sonnet-4-5-20250929-v1:0");
  assert.deepEqual(outputConfig, {
    textFormat: {
      type: "json_schema",
      structure: { jsonSchema: { schema: JSON.stringify(schema), name: "city" } },
    },
  });
});

test("else by a tool, whose input is the answer", () => {
  const { toolConfig, outputConfig } = encode(format, nova);
  const { tools, toolChoice } = toolConfig as { tools: { toolSpec: Fields }[]; toolChoice: Fields };
  assert.equal(outputConfig, undefined);
  assert.deepEqual(toolChoice, { tool: { name: "json_answer" } });
  assert.deepEqual(tools[0]?.toolSpec["inputSchema"], { json: schema });
  const body = {
    output: {
      message: {
        role: "assistant",
        content: [{ toolUse: { toolUseId: "t", name: "json_answer", input: { name: "Bern" } } }],
      },
    },
    stopReason: "tool_use",
  };
  const { choices } = codec.decodeAnswer(body, answerContext(format, { model: nova }));
  assert.deepEqual(choices, [
    {
      index: 0,
      message: { role: "assistant", content: '{"name":"Bern"}' },
      finish_reason: "stop",
      native_finish_reason: "tool_use",
    },
  ]);
});

test("beside the client's own tools, the answer's is one of those that must be called", () => {
  const tools = [{ type: "function" as const, function: { name: "json_answer" } }];
  const { toolConfig } = encode({ ...format, tools }, nova);
  const { tools: offered, toolChoice } = toolConfig as { tools: { toolSpec: Fields }[]; toolChoice: Fields };
  assert.deepEqual(
    offered.map(({ toolSpec }) => toolSpec["name"]),
    ["json_answer", "json_answer_"],
  );
  assert.deepEqual(toolChoice, { any: {} });
});

test("and where there is no way, it is noted", () => {
  assert.deepEqual(encode(format, "meta.llama3-3-70b-instruct-v1:0"), { dropped: ["response_format"] });
  assert.deepEqual(encode({ response_format: { type: "json_object" } }, claude), {
    dropped: ["response_format"],
  });
});
