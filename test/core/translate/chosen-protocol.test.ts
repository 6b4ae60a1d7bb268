import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import { deferTest } from "../../_defer.ts";
import type { Defer } from "../../_defer.ts";
import { sendJson, startGateway, startUpstream } from "../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../_gateway.ts";
import { answerWith, asking, post, readAnswer, spoken, textAnswer, usage } from "./_wire.ts";
import type { Spoken } from "./_wire.ts";
import type { AssistantMessage, ChatAnswer, ChatRequest, Fields } from "../../../core/index.ts";

/** Clients whose calls are translated, and a model's name by which their codec knows that it may reason. */
const models: Partial<Record<Spoken, string>> = {
  anthropic: "claude-haiku-4-5",
  gemini: "gemini-2.5-pro",
  "bedrock-converse": "anthropic.claude-sonnet-4-5",
  cohere: "command-a-reasoning",
  ollama: "gpt-oss",
};
const clients = spoken.filter((name) => models[name] !== undefined);

const tool = (name: string): NonNullable<ChatRequest["tools"]>[number] => ({
  type: "function",
  function: { name, parameters: { type: "object", properties: { at: { type: "string" } } } },
});
const call = (id: string, name: string) => ({
  id,
  type: "function" as const,
  function: { name, arguments: '{"at":"Rome"}' },
});
const format = "openai-responses-v1";
const thought = "Weather first. — 漢";
/** A turn that thinks and calls two tools at once, as Responses tell it. */
const thinking: AssistantMessage = {
  role: "assistant",
  content: null,
  reasoning_content: thought,
  reasoning_details: [
    { type: "reasoning.summary", summary: thought, id: "rs_1", format, index: 0 },
    { type: "reasoning.encrypted", data: "ZW5jcnlwdGVk", id: "rs_1", format, index: 1 },
  ],
  tool_calls: [call("call_1", "weather"), call("call_2", "clock")],
};

function answerOf(message: AssistantMessage): ChatAnswer {
  const choices: ChatAnswer["choices"] = [
    { index: 0, message, finish_reason: message.tool_calls ? "tool_calls" : "stop" },
  ];
  return { id: "answer-1", object: "chat.completion", created: 1, model: "gpt-5.1", choices, usage };
}

/** OpenAI, which thinks aloud over Responses only. */
async function setUp(defer: Defer): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await startUpstream((req, res) => {
    const { stream, input } = JSON.parse(req.body.toString()) as Fields;
    const isResponses = req.url === "/v1/responses";
    const isSecond = JSON.stringify(input ?? "").includes("call_output");
    const message = isSecond ? textAnswer("Sunny.").choices[0]?.message : thinking;
    const said = isResponses ? answerOf(message ?? assert.fail()) : textAnswer("Plain.", "gpt-5.1");
    void answerWith(isResponses ? "openai-responses" : "openai-chat", res, said, stream === true);
  });
  defer(upstream.close);
  const gateway = await startGateway({
    upstreams: [
      {
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        key: "k",
        models: Object.values(models).map((name) => ({ "gpt-5.1": name })),
        options: { reasoningText: true },
      },
    ],
    plugins: [{ auth: { anonymous: true } }],
  });
  defer(gateway.close);
  return { gateway, upstream };
}

const lastOf = ({ requests }: TestUpstream): { url: string; body: Fields } => {
  const { url, body } = requests.at(-1) ?? assert.fail("nothing was sent");
  return { url, body: JSON.parse(body.toString()) as Fields };
};

/** The items that only Responses have, in order. */
function itemsOf(body: Fields): unknown[][] {
  return (body["input"] as Fields[]).flatMap(({ type, encrypted_content, call_id }) =>
    typeof type === "string" && type !== "message" ? [[type, encrypted_content ?? call_id]] : [],
  );
}

const weatherAndClock = [tool("weather"), tool("clock")];

function assertAsked({ url, body }: { url: string; body: Fields }): void {
  assert.equal(url, "/v1/responses");
  assert.deepEqual(body["reasoning"], { effort: "low", summary: "auto" });
  assert.deepEqual([body["include"], body["store"]], [["reasoning.encrypted_content"], false]);
}

function assertSecondTurn({ body }: { body: Fields }): void {
  const items = itemsOf(body);
  const outputs = ["function_call_output", "function_call_output"];
  const kinds = items.map(([kind]) => kind);
  assert.deepEqual(kinds, ["reasoning", "function_call", "function_call", ...outputs]);
  assert.deepEqual(items[0], ["reasoning", "ZW5jcnlwdGVk"]);
}

for (const client of clients) {
  for (const stream of [false, true]) {
    const how = stream ? "streamed" : "whole";
    deferTest(`${client}: what asks for reasoning is told it over two turns, ${how}`, async (defer) => {
      const { gateway, upstream } = await setUp(defer);
      const wish: Partial<ChatRequest> = {
        model: models[client] ?? assert.fail(),
        reasoning: { enabled: true, max_tokens: 2048 },
        max_completion_tokens: 30_000,
        tools: weatherAndClock,
      };
      const first = await post(gateway.url, client, asking("Look.", wish), stream);
      const raw = await first.clone().text();
      const answer = await readAnswer(client, first, stream);
      assertAsked(lastOf(upstream));
      const message = answer.choices[0]?.message ?? assert.fail();
      const calls = message.tool_calls ?? [];
      assert.ok(raw.includes(thought), raw);
      assert.equal(answer.usage?.completion_tokens, usage.completion_tokens);
      const names = calls.map((one) => one.type === "function" && one.function.name);
      assert.deepEqual(names, ["weather", "clock"]);
      // Its codec writes no thoughts that it did not sign: the SDK does, below.
      if (client === "anthropic") return;
      const results = calls.map(({ id }) => ({ role: "tool" as const, tool_call_id: id, content: "Sunny" }));
      const messages = [{ role: "user" as const, content: "Look." }, message, ...results];
      const second = await post(gateway.url, client, asking("", { ...wish, messages }), stream);
      const last = await readAnswer(client, second, stream);
      assert.equal(last.choices[0]?.message.content, "Sunny.");
      assertSecondTurn(lastOf(upstream));
    });
  }
}

deferTest("Anthropic's SDK brings the reasoning back in its thinking blocks", async (defer) => {
  const { gateway, upstream } = await setUp(defer);
  const client = new Anthropic({ apiKey: "none", baseURL: gateway.url, maxRetries: 0 });
  const wish: Anthropic.MessageCreateParamsNonStreaming = {
    model: models.anthropic ?? assert.fail(),
    max_tokens: 8192,
    thinking: { type: "enabled", budget_tokens: 2048 },
    tools: ["weather", "clock"].map((name) => ({ name, input_schema: { type: "object" as const } })),
    messages: [{ role: "user", content: "Look." }],
  };
  const { content } = await client.messages.stream({ ...wish, stream: true }).finalMessage();
  assertAsked(lastOf(upstream));
  assert.deepEqual(
    content.map((block) => (block.type === "thinking" ? block.thinking : block.type)),
    [thought, "redacted_thinking", "tool_use", "tool_use"],
  );
  const results = content.flatMap((block) =>
    block.type === "tool_use"
      ? [{ type: "tool_result" as const, tool_use_id: block.id, content: "Sunny" }]
      : [],
  );
  const messages: Anthropic.MessageParam[] = [
    ...wish.messages,
    { role: "assistant", content },
    { role: "user", content: results },
  ];
  const last = await client.messages.create({ ...wish, messages });
  assert.deepEqual(
    last.content.map((block) => block.type === "text" && block.text),
    ["Sunny."],
  );
  assertSecondTurn(lastOf(upstream));
});

const think = { model: "command-a-reasoning", reasoning: { enabled: true } } as const;

deferTest("what asks for no reasoning goes to Chat Completions, as ever", async (defer) => {
  const { gateway, upstream } = await setUp(defer);
  for (const more of [{}, { reasoning: { enabled: false } }]) {
    await post(gateway.url, "cohere", asking("Hi", { model: think.model, ...more }));
    assert.equal(lastOf(upstream).url, "/v1/chat/completions");
  }
});

deferTest("what Responses cannot say and chats can keeps a call there", async (defer) => {
  const { gateway, upstream } = await setUp(defer);
  const only: Partial<ChatRequest>[] = [{ stop: ["END"] }, { seed: 7 }, { frequency_penalty: 0.5 }];
  for (const more of only) {
    await post(gateway.url, "cohere", asking("Hi", { ...think, ...more }));
    const { url, body } = lastOf(upstream);
    assert.equal(url, "/v1/chat/completions", JSON.stringify(more));
    assert.equal(body["reasoning_effort"], "medium");
  }
  // Neither of both has it.
  await post(gateway.url, "cohere", asking("Hi", { ...think, top_k: 3 }));
  assert.equal(lastOf(upstream).url, "/v1/responses");
});

const unverified = {
  message: "Your organization must be verified.",
  type: "invalid_request_error",
  param: "reasoning.summary",
  code: "unsupported_value",
};

deferTest(
  "where the summary is refused, the call goes on as a chat, and the next ones at once",
  async (defer) => {
    const upstream = await startUpstream((req, res) => {
      if (req.url === "/v1/responses") sendJson(res, 400, { error: unverified });
      else void answerWith("openai-chat", res, textAnswer("Plain.", "gpt-5.1"), false);
    });
    defer(upstream.close);
    const gateway = await startGateway({
      upstreams: [
        {
          provider: "openai",
          baseURL: `${upstream.url}/v1`,
          key: "k",
          models: ["gpt-5.1"],
          options: { reasoningText: true },
        },
      ],
      plugins: [{ auth: { anonymous: true } }, { retry: { attempts: 1 } }],
    });
    defer(gateway.close);
    const request = asking("Hi", { model: "gpt-5.1", reasoning: { enabled: true } });
    for (let i = 0; i < 2; i++) {
      const answer = await readAnswer("cohere", await post(gateway.url, "cohere", request), false);
      assert.equal(answer.choices[0]?.message.content, "Plain.");
    }
    assert.deepEqual(
      upstream.requests.map(({ url }) => url),
      ["/v1/responses", "/v1/chat/completions", "/v1/chat/completions"],
    );
  },
);

deferTest("any other refusal is the client's to see", async (defer) => {
  const upstream = await startUpstream((_req, res) =>
    sendJson(res, 400, { error: { ...unverified, param: "input" } }),
  );
  defer(upstream.close);
  const options = { provider: "openai", baseURL: `${upstream.url}/v1`, key: "k", models: ["o3"] };
  const gateway = await startGateway({
    upstreams: [{ ...options, options: { reasoningText: true } }],
    plugins: [{ auth: { anonymous: true } }, { retry: { attempts: 1 } }],
  });
  defer(gateway.close);
  const response = await post(
    gateway.url,
    "cohere",
    asking("Hi", { model: "o3", reasoning: { enabled: true } }),
  );
  assert.deepEqual([response.status, upstream.requests.length], [400, 1]);
  await response.arrayBuffer();
});
