import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { ConfigError, createGateway } from "../../../../config/index.ts";
import type { Fields } from "../../../../core/index.ts";
import { chatAnswer, sendJson, startGateway, startUpstream } from "../../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../../_gateway.ts";

let service: TestUpstream;
let gateway: TestGateway;

/** Each with its base URL as the vendor has it, at the test's own server. */
const paths = {
  deepseek: "",
  siliconflow: "/v1",
  openrouter: "/api/v1",
  mistral: "/v1",
  zai: "/api/paas/v4",
  vllm: "/v1",
  "openai-compatible": "/any/v1",
};

before(async () => {
  service = await startUpstream((req, res) => {
    const { stream, model } = JSON.parse(req.body.toString()) as { stream?: boolean; model: string };
    if (!stream)
      return sendJson(res, 200, req.url?.endsWith("/messages") ? message(model) : chatAnswer("Hi!", model));
    res.writeHead(200, { "content-type": "text/event-stream" });
    const head = { id: "1", object: "chat.completion.chunk", created: 1, model };
    res.write(`data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta: { content: "Hi!" } }] })}\n\n`);
    res.end(
      `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\n`,
    );
  });
  gateway = await startGateway({
    keys: ["sk-caller"],
    upstreams: Object.entries(paths).map(([provider, path]) => ({
      provider,
      baseURL: service.url + path,
      key: `uk-${provider}`,
      models: [provider],
      strict: provider === "zai",
    })),
  });
});

after(async () => {
  await gateway.close();
  await service.close();
});

beforeEach(() => service.requests.splice(0));

function message(model: string): Fields {
  const content = [{ type: "text", text: "Hi!" }];
  const usage = { input_tokens: 1, output_tokens: 1 };
  return { id: "msg_1", type: "message", role: "assistant", model, content, stop_reason: "end_turn", usage };
}

const openai = () => new OpenAI({ apiKey: "sk-caller", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey: "sk-caller", baseURL: gateway.url, maxRetries: 0 });
const messages = [{ role: "user" as const, content: "Hello" }];

/** What came to the service last. */
function seen(): { url: string; key: string | undefined; body: Fields } {
  const last = service.requests.at(-1);
  assert.ok(last);
  const body = JSON.parse(last.body.toString()) as Fields;
  return { url: last.url, key: last.headers.authorization, body };
}

test("a provider is found by its name alone, and a near miss is told", async () => {
  const config = { upstreams: [{ provider: "gorq", key: "k", models: ["m"] }] };
  await assert.rejects(createGateway({ ...config, presets: [] } as never), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /did you mean "groq"\?/);
    return true;
  });
});

test("a body that the vendor takes as it is passes byte for byte", async () => {
  const body = '{"model":"deepseek",  "messages":[{"role":"user","content":"Hello"}],"temperature":1.0}';
  const headers = { authorization: "Bearer sk-caller", "content-type": "application/json" };
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", headers, body });
  assert.equal(answer.status, 200);
  await answer.json();
  assert.equal(service.requests.at(-1)?.body.toString(), body);
});

test("a client of OpenAI's API is heard in DeepSeek's words", async () => {
  await openai().chat.completions.create({
    model: "deepseek",
    messages: [{ role: "developer", content: "Be brief." }, ...messages],
    max_completion_tokens: 50,
    reasoning_effort: "medium",
  });
  assert.deepEqual(seen(), {
    url: "/chat/completions",
    key: "Bearer uk-deepseek",
    body: {
      model: "deepseek",
      messages: [{ role: "system", content: "Be brief." }, ...messages],
      max_tokens: 50,
      reasoning_effort: "high",
      thinking: { type: "enabled" },
    },
  });
});

test("a client of Anthropic's API goes to DeepSeek's own endpoint for it", async () => {
  const answer = await anthropic().messages.create({ model: "deepseek", max_tokens: 50, messages });
  assert.deepEqual(answer.content, [{ type: "text", text: "Hi!" }]);
  const { url, key, body } = seen();
  assert.deepEqual([url, key], ["/anthropic/v1/messages", "Bearer uk-deepseek"]);
  assert.deepEqual(body, { model: "deepseek", max_tokens: 50, messages });
});

test("seeds, users and usage go to Mistral as it knows them; a stream without [DONE] ends well", async () => {
  const stream = await openai().chat.completions.create({
    model: "mistral",
    messages,
    seed: 3,
    user: "u",
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
  assert.equal(text, "Hi!");
  assert.deepEqual(seen().body, { model: "mistral", messages, stream: true, random_seed: 3 });
});

test("a model behind vLLM is asked to think by its template", async () => {
  await openai().chat.completions.create({ model: "vllm", messages, reasoning_effort: "none" });
  const chat_template_kwargs = { enable_thinking: false, thinking: false };
  assert.deepEqual(seen().body, { model: "vllm", messages, chat_template_kwargs });
});

test("a provider for any other service has its base URL from the configuration", async () => {
  await openai().chat.completions.create({ model: "openai-compatible", messages, max_completion_tokens: 5 });
  const { url, body } = seen();
  assert.deepEqual([url, body["max_completion_tokens"]], ["/any/v1/chat/completions", 5]);
});

const thinking = { type: "enabled" as const, budget_tokens: 2000 };
const cached = { type: "ephemeral" as const };

test("a client of Gemini's API is heard in the words of SiliconFlow and OpenRouter", async () => {
  const gemini = { contents: [{ role: "user", parts: [{ text: "Hello" }] }] };
  const generationConfig = {
    maxOutputTokens: 99,
    thinkingConfig: { thinkingBudget: 2000, includeThoughts: true },
    topK: 7,
  };
  for (const model of ["siliconflow", "openrouter"]) {
    const answer = await fetch(`${gateway.url}/v1beta/models/${model}:generateContent`, {
      method: "POST",
      headers: { "x-goog-api-key": "sk-caller", "content-type": "application/json" },
      body: JSON.stringify({ ...gemini, generationConfig }),
    });
    assert.equal(answer.status, 200);
    assert.ok((await answer.text()).includes("Hi!"));
    const { body } = seen();
    if (model === "siliconflow") {
      assert.deepEqual(body, {
        model,
        messages,
        max_tokens: 99,
        top_k: 7,
        enable_thinking: true,
        thinking_budget: 2000,
      });
    } else {
      assert.deepEqual(body, {
        model,
        messages,
        max_completion_tokens: 99,
        top_k: 7,
        reasoning: { max_tokens: 2000 },
      });
    }
  }
});

test("cache marks of Anthropic's clients reach OpenRouter", async () => {
  const content = [{ type: "text" as const, text: "Hello", cache_control: cached }];
  await anthropic().messages.create({
    model: "openrouter",
    max_tokens: 5000,
    thinking,
    messages: [{ role: "user", content }],
  });
  assert.equal(seen().url, "/api/v1/messages");
  assert.ok(JSON.stringify(seen().body).includes('"cache_control":{"type":"ephemeral"}'));
});

test("where nothing may be lost, a translated call with what cannot be said is refused", async () => {
  const body = JSON.stringify({
    contents: [{ role: "user", parts: [{ text: "Hello" }] }],
    generationConfig: { stopSequences: ["a", "b"] },
  });
  const answer = await fetch(`${gateway.url}/v1beta/models/zai:generateContent`, {
    method: "POST",
    headers: { "x-goog-api-key": "sk-caller", "content-type": "application/json" },
    body,
  });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /nothing that says stop/);
  assert.equal(service.requests.length, 0);
});
