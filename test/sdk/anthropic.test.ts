import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic, { BadRequestError, NotFoundError } from "@anthropic-ai/sdk";
import { sendJson, startGateway } from "../_gateway.ts";
import type { TestGateway } from "../_gateway.ts";
import { assertPassed, collect, credential, plain } from "./_compare.ts";
import { callerKey, recordingFetch, startMock, upstreamKey } from "./_mock.ts";
import type { Mock } from "./_mock.ts";

let mock: Mock;
let gateway: TestGateway;

const model = "claude-opus-5-5";
const max_tokens = 256;
const says = (content: string): Anthropic.MessageParam[] => [{ role: "user", content }];
const weather: Anthropic.Tool = {
  name: "get_weather",
  description: "The weather in a city.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

before(async () => {
  mock = await startMock();
  const service = mock.mock;
  service.onMessage("hello", {
    content: "Hello from the mock: ä, 漢, 🦊.",
    usage: { input_tokens: 11, output_tokens: 7 },
  });
  service.onMessage("think", {
    content: "It is so.",
    reasoning: "Because it is.",
    reasoningSignature: "c2lnbmVk",
  });
  service.on({ userMessage: "weather", hasToolResult: true }, { content: "Sunny in Bern." });
  service.on(
    { userMessage: "weather" },
    { toolCalls: [{ name: "get_weather", arguments: { city: "Bern" }, id: "toolu_bern" }] },
  );
  service.on(
    { userMessage: "too long" },
    { error: { message: "The prompt is too long.", type: "invalid_request_error" }, status: 400 },
  );
  // The mock has no such endpoint of its own.
  service.mount("/v1/messages/count_tokens", {
    async handleRequest(req, res) {
      for await (const _ of req);
      sendJson(res, 200, { input_tokens: 14 });
      return true;
    },
  });
  gateway = await startGateway({
    keys: [callerKey],
    upstreams: [
      {
        provider: "anthropic",
        baseURL: mock.url,
        prefix: "/anthropic",
        key: upstreamKey,
        models: ["claude-*"],
      },
    ],
    plugins: [{ retry: { attempts: 1 } }],
  });
});

after(async () => {
  await gateway.close();
  await mock.close();
});

interface Case {
  name: string;
  /** Stands in what the SDK yields, as JSON. */
  holds: string;
  run(client: Anthropic): Promise<unknown>;
}

const cases: Case[] = [
  {
    name: "messages",
    holds: "🦊",
    run: (client) =>
      client.messages.create({ model, max_tokens, system: "Be kind.", messages: says("hello") }),
  },
  {
    name: "messages, streamed",
    holds: "content_block_delta",
    run: async (client) =>
      collect(await client.messages.create({ model, max_tokens, messages: says("hello"), stream: true })),
  },
  {
    name: "messages, streamed, as the SDK puts it together",
    holds: '"output_tokens":7',
    run: (client) => client.messages.stream({ model, max_tokens, messages: says("hello") }).finalMessage(),
  },
  {
    name: "thinking with its signature",
    holds: "c2lnbmVk",
    run: (client) =>
      client.messages.create({
        model,
        max_tokens: 4096,
        thinking: { type: "enabled", budget_tokens: 1024 },
        messages: says("think"),
      }),
  },
  {
    name: "tools",
    holds: '"input":{"city":"Bern"}',
    run: (client) =>
      client.messages.create({ model, max_tokens, messages: says("weather"), tools: [weather] }),
  },
  {
    name: "tools, streamed",
    holds: "input_json_delta",
    run: async (client) =>
      collect(
        await client.messages.create({
          model,
          max_tokens,
          messages: says("weather"),
          tools: [weather],
          stream: true,
        }),
      ),
  },
  {
    name: "the turn after a tool call",
    holds: "Sunny in Bern.",
    run: (client) =>
      client.messages.create({
        model,
        max_tokens,
        tools: [weather],
        messages: [
          ...says("weather"),
          {
            role: "assistant",
            content: [{ type: "tool_use", id: "toolu_bern", name: "get_weather", input: { city: "Bern" } }],
          },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_bern", content: "sunny" }] },
        ],
      }),
  },
  {
    name: "a beta and its header",
    holds: "🦊",
    run: (client) =>
      client.beta.messages.create({
        model,
        max_tokens,
        messages: says("hello"),
        betas: ["context-1m-2025-08-07"],
      }),
  },
  {
    name: "a refusal",
    holds: "The prompt is too long.",
    run: (client) =>
      failure(client.messages.create({ model, max_tokens, messages: says("too long") }), BadRequestError),
  },
  {
    name: "count_tokens",
    holds: '"input_tokens":14',
    run: (client) => client.messages.countTokens({ model, messages: says("hello") }),
  },
];

/** What a call fails with, as data; it has to be of the SDK's own class. */
async function failure(
  call: Promise<unknown>,
  kind: typeof BadRequestError | typeof NotFoundError,
): Promise<unknown> {
  const error: unknown = await call.catch((reason: unknown) => reason);
  assert.ok(error instanceof kind);
  return { status: error.status, message: error.message, error: error.error };
}

for (const { name, holds, run } of cases) {
  for (const route of ["", "/anthropic"]) {
    test(`${name}, over ${route || "/"}: as from the service itself`, async () => {
      const directly = await run(
        new Anthropic({
          apiKey: upstreamKey,
          baseURL: mock.url,
          maxRetries: 0,
          fetch: recordingFetch().fetch,
        }),
      );
      assert.ok(JSON.stringify(directly).includes(holds));
      const direct = mock.last();
      const { fetch, sent } = recordingFetch();
      const client = new Anthropic({ apiKey: callerKey, baseURL: gateway.url + route, maxRetries: 0, fetch });
      assert.deepEqual(plain(await run(client)), plain(directly));
      const [request] = sent.slice(-1);
      assert.ok(request);
      assertPassed(request, mock.last(), direct, credential("x-api-key"));
    });
  }
}

test("a model that nobody offers is the SDK's NotFoundError", async () => {
  const client = new Anthropic({ apiKey: callerKey, baseURL: gateway.url, maxRetries: 0 });
  const call = client.messages.create({ model: "gpt-4o", max_tokens, messages: says("hello") });
  assert.deepEqual(await failure(call, NotFoundError), {
    status: 404,
    message:
      '404 {"type":"error","error":{"type":"not_found_error","message":"No upstream offers the model gpt-4o."}}',
    error: {
      type: "error",
      error: { type: "not_found_error", message: "No upstream offers the model gpt-4o." },
    },
  });
});
