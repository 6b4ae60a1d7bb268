import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI, { BadRequestError, NotFoundError, toFile } from "openai";
import { startGateway } from "../_gateway.ts";
import type { TestGateway } from "../_gateway.ts";
import { assertPassed, collect, credential, plain } from "./_compare.ts";
import { callerKey, recordingFetch, startMock, upstreamKey } from "./_mock.ts";
import type { Mock } from "./_mock.ts";

let mock: Mock;
let gateway: TestGateway;

const city = {
  type: "object",
  properties: { name: { type: "string" }, people: { type: "integer" } },
  required: ["name", "people"],
  additionalProperties: false,
};
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather: OpenAI.ChatCompletionFunctionTool = {
  type: "function",
  function: { name: "get_weather", parameters },
};

before(async () => {
  mock = await startMock();
  const service = mock.mock;
  service.onMessage("hello", { content: "Hello from the mock, in a few words: ä, 漢, 🦊." });
  service.on({ userMessage: "weather", hasToolResult: true }, { content: "Sunny in Bern." });
  service.on(
    { userMessage: "weather" },
    { toolCalls: [{ name: "get_weather", arguments: { city: "Bern" }, id: "call_bern" }] },
  );
  service.on(
    { userMessage: "city", responseFormat: "json_schema" },
    { content: { name: "Bern", people: 146_000 } },
  );
  service.on(
    { userMessage: "too long" },
    {
      error: { message: "Too many tokens.", type: "invalid_request_error", code: "context_length_exceeded" },
      status: 400,
    },
  );
  service.onEmbedding("vector", { embedding: [0.25, -0.5, 0.125] });
  service.onImage("fox", { image: { b64Json: "aVZCT1I=", revisedPrompt: "A fox." } });
  service.onSpeech("fox", { audio: "AAECAwQFBgcICQ==" });
  service.onTranscription({ transcription: { text: "The fox says nothing." } });
  service.onModerate("nice", { flagged: false, categories: { violence: false } });
  gateway = await startGateway({
    keys: [callerKey],
    upstreams: [
      {
        provider: "openai",
        baseURL: `${mock.url}/v1`,
        forwardURL: mock.url,
        prefix: "/openai",
        key: upstreamKey,
        models: ["gpt-4o", "text-embedding-3-small", "gpt-image-1", "tts-1", "omni-moderation-latest"],
      },
    ],
    plugins: [{ retry: { attempts: 1 } }],
  });
});

after(async () => {
  await gateway.close();
  await mock.close();
});

/** Where a client of the gateway may have its base URL. */
type Route = "/v1" | "/openai/v1";

interface Case {
  name: string;
  routes: Route[];
  /** Stands in what the SDK yields, as JSON. */
  holds: string;
  run(client: OpenAI): Promise<unknown>;
}

const both: Route[] = ["/v1", "/openai/v1"];
const model = "gpt-4o";
const says = (content: string): OpenAI.ChatCompletionMessageParam[] => [{ role: "user", content }];
const recording = (): Promise<File> =>
  toFile(
    new Uint8Array(70_000).map((_, i) => i % 251),
    "fox.wav",
  );
const picture = (): Promise<File> =>
  toFile(new Uint8Array([137, 80, 78, 71]), "fox.png", { type: "image/png" });

const cases: Case[] = [
  {
    name: "chat",
    routes: both,
    holds: "🦊",
    run: (client) => client.chat.completions.create({ model, messages: says("hello"), temperature: 0.5 }),
  },
  {
    name: "chat, streamed with usage",
    routes: both,
    holds: '"total_tokens":',
    run: async (client) => {
      const stream_options = { include_usage: true };
      const asked = { model, messages: says("hello"), stream: true, stream_options } as const;
      return collect(await client.chat.completions.create(asked));
    },
  },
  {
    name: "chat with tools",
    routes: both,
    holds: "get_weather",
    run: (client) => client.chat.completions.create({ model, messages: says("weather"), tools: [weather] }),
  },
  {
    name: "chat with tools, streamed, as the SDK puts it together",
    routes: both,
    holds: "get_weather",
    run: (client) =>
      client.chat.completions
        .stream({ model, messages: says("weather"), tools: [weather] })
        .finalChatCompletion(),
  },
  {
    name: "the turn after a tool call",
    routes: both,
    holds: "Sunny in Bern.",
    run: (client) =>
      client.chat.completions.create({
        model,
        messages: [
          ...says("weather"),
          {
            role: "assistant",
            tool_calls: [
              {
                id: "call_bern",
                type: "function",
                function: { name: "get_weather", arguments: '{"city":"Bern"}' },
              },
            ],
          },
          { role: "tool", tool_call_id: "call_bern", content: "sunny" },
        ],
        tools: [weather],
      }),
  },
  {
    name: "chat by a JSON schema, parsed",
    routes: both,
    holds: '"people":146000',
    run: (client) =>
      client.chat.completions.parse({
        model,
        messages: says("city"),
        response_format: { type: "json_schema", json_schema: { name: "city", strict: true, schema: city } },
      }),
  },
  {
    name: "embeddings",
    routes: both,
    holds: "[0.25,-0.5,0.125]",
    run: (client) =>
      client.embeddings.create({
        model: "text-embedding-3-small",
        input: ["vector one", "vector two"],
        encoding_format: "float",
      }),
  },
  {
    name: "moderations",
    routes: both,
    holds: '"flagged":false',
    run: (client) => client.moderations.create({ model: "omni-moderation-latest", input: "nice" }),
  },
  {
    name: "images",
    routes: both,
    holds: "aVZCT1I=",
    run: (client) => client.images.generate({ model: "gpt-image-1", prompt: "a fox" }),
  },
  {
    name: "speech",
    routes: both,
    holds: "[0,1,2,3,4,5,6,7,8,9]",
    run: async (client) => {
      const answer = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "fox" });
      return [answer.headers.get("content-type"), [...new Uint8Array(await answer.arrayBuffer())]];
    },
  },
  {
    name: "a refusal",
    routes: both,
    holds: "context_length_exceeded",
    run: async (client) => {
      const error: unknown = await client.chat.completions
        .create({ model, messages: says("too long") })
        .catch((reason: unknown) => reason);
      assert.ok(error instanceof BadRequestError);
      const { status, message, code, param, type } = error;
      return { status, message, code, param, type, error: error.error };
    },
  },
  {
    name: "transcription, uploaded",
    routes: ["/openai/v1"],
    holds: "The fox says nothing.",
    run: async (client) =>
      client.audio.transcriptions.create({ model: "whisper-1", file: await recording() }),
  },
  {
    name: "an image edit, uploaded",
    routes: ["/openai/v1"],
    holds: "aVZCT1I=",
    run: async (client) =>
      client.images.edit({ model: "gpt-image-1", prompt: "a fox", image: await picture() }),
  },
  {
    name: "the list of models",
    routes: ["/openai/v1"],
    holds: '"object":"model"',
    run: async (client) => (await client.models.list()).data,
  },
  {
    name: "responses",
    routes: ["/openai/v1"],
    holds: "🦊",
    run: (client) => client.responses.create({ model, input: "hello" }),
  },
  {
    name: "responses, streamed",
    routes: ["/openai/v1"],
    holds: "response.completed",
    run: async (client) => collect(await client.responses.create({ model, input: "hello", stream: true })),
  },
  {
    name: "responses with tools",
    routes: ["/openai/v1"],
    holds: "get_weather",
    run: (client) =>
      client.responses.create({
        model,
        input: "weather",
        tools: [{ type: "function", name: "get_weather", parameters, strict: false }],
      }),
  },
];

for (const { name, routes, holds, run } of cases) {
  for (const route of routes) {
    test(`${name}, over ${route}: as from the service itself`, async () => {
      const directly = await run(
        new OpenAI({
          apiKey: upstreamKey,
          baseURL: `${mock.url}/v1`,
          maxRetries: 0,
          fetch: recordingFetch().fetch,
        }),
      );
      assert.ok(JSON.stringify(directly).includes(holds));
      const direct = mock.last();
      const { fetch, sent } = recordingFetch();
      const client = new OpenAI({ apiKey: callerKey, baseURL: gateway.url + route, maxRetries: 0, fetch });
      assert.deepEqual(plain(await run(client)), plain(directly));
      const [request] = sent.slice(-1);
      assert.ok(request);
      assertPassed(request, mock.last(), direct, credential("authorization"));
    });
  }
}

test("a file that is uploaded comes back byte for byte", async () => {
  const client = new OpenAI({ apiKey: callerKey, baseURL: `${gateway.url}/openai/v1`, maxRetries: 0 });
  const text = `${JSON.stringify({ messages: [] })}\n`.repeat(5000);
  const file = await client.files.create({
    file: await toFile(Buffer.from(text), "a.jsonl"),
    purpose: "batch",
  });
  assert.equal(file.bytes, text.length);
  assert.equal(await (await client.files.content(file.id)).text(), text);
  assert.deepEqual((await client.files.delete(file.id)).deleted, true);
});

test("the gateway's own list of models names what the upstreams offer", async () => {
  const client = new OpenAI({ apiKey: callerKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const before = mock.seen.length;
  const models = await collect(client.models.list());
  const names = ["gpt-4o", "text-embedding-3-small", "gpt-image-1", "tts-1", "omni-moderation-latest"];
  assert.deepEqual(
    plain(models),
    names.map((id) => ({ id, object: "model", created: 0, owned_by: "openai" })),
  );
  assert.equal(mock.seen.length, before);
});

test("a model that nobody offers is the SDK's NotFoundError", async () => {
  const client = new OpenAI({ apiKey: callerKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const error: unknown = await client.chat.completions
    .create({ model: "gpt-unknown", messages: says("hello") })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof NotFoundError);
  const { code, param, type } = error;
  assert.deepEqual(
    { code, param, type },
    { code: "model_not_found", param: "model", type: "not_found_error" },
  );
});
