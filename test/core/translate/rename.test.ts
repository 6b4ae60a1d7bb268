import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startGateway, startUpstream } from "../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../_gateway.ts";

/** What the upstream answers next, how it is cut into pieces, and further headers of it. */
let told: {
  type: string;
  text: string;
  size: number;
  headers?: Record<string, string>;
  /** What comes later. */
  later?: Promise<string>;
};
let upstream: TestUpstream;
let gateway: TestGateway;

const theirs = "their-model";
const key = "sk-rename";

before(async () => {
  upstream = await startUpstream((_req, res) => {
    const { type, text, size, headers, later } = told;
    res.writeHead(200, { "content-type": type, ...headers });
    const bytes = Buffer.from(text);
    let at = 0;
    const write = (): void => {
      if (at >= bytes.length) return void (later ? later.then((rest) => res.end(rest)) : res.end());
      res.write(bytes.subarray(at, (at += size)), () => setImmediate(write));
    };
    write();
  });
  const providers = ["openai", "anthropic", "gemini", "cohere", "ollama"];
  gateway = await startGateway({
    keys: [key],
    upstreams: providers.map((provider) => ({
      provider,
      baseURL: upstream.url,
      key: "uk",
      models: [{ [theirs]: `our-${provider}` }],
    })),
    plugins: [{ retry: { attempts: 1 } }],
  });
});

after(async () => {
  await gateway.close();
  await upstream.close();
});

/** Text that says the name itself: it is the model's own, and stays. */
const decoy = String.raw`I am \"model\": \"their-model\", {\"modelVersion\":1} 🦊\\ \" }`;

const sse = (events: readonly string[], end = "\n"): string =>
  events.map((data) => `data: ${data}${end}${end}`).join("");
const named = (events: readonly { event: string; data: string }[]): string =>
  events.map(({ event, data }) => `event: ${event}\r\ndata:${data}\r\n\r\n`).join("");

interface Case {
  name: string;
  provider: string;
  path: string;
  request?: object;
  type: string;
  /** With `@` where the model's name stands. */
  text: string;
}

const stream = "text/event-stream; charset=utf-8";
const json = "application/json";
const says = [{ role: "user", content: "hi" }];

const cases: Case[] = [
  {
    name: "a chat completion",
    provider: "openai",
    path: "/v1/chat/completions",
    request: { messages: says },
    type: json,
    text: `{ "id":"1", "big": 12345678901234567890.10,\n "model" : "@",\t"choices":[{"message":{"model":"x","content":"${decoy}"}}],"usage":{"prompt_tokens":1e0}}\n`,
  },
  {
    name: "a stream of chat completion chunks",
    provider: "openai",
    path: "/v1/chat/completions",
    request: { messages: says, stream: true },
    type: stream,
    text: `: ping\n\n${sse([`{"model":"@","choices":[{"delta":{"content":"${decoy}"}}]}`, `{"choices":[],"model":"@"}`, "[DONE]"])}`,
  },
  {
    name: "a stream whose lines end in CR, and whose last has no end",
    provider: "openai",
    path: "/v1/chat/completions",
    request: { messages: says, stream: true },
    type: stream,
    text: sse([`{"model":"@","n":1}`, `{"model":"@","n":2}`], "\r") + `data: {"model":"@","n":3}`,
  },
  {
    name: "a list of embeddings",
    provider: "openai",
    path: "/v1/embeddings",
    request: { input: "a" },
    type: json,
    text: `{"object":"list","data":[{"embedding":[0.10,-1e-3]}],"model":"@"}`,
  },
  {
    name: "a response",
    provider: "openai",
    path: "/v1/responses",
    request: { input: "hi" },
    type: json,
    text: `{"id":"resp_1","object":"response","output":[{"type":"message","content":[{"text":"${decoy}"}]}],"model":"@"}`,
  },
  {
    name: "a response's events",
    provider: "openai",
    path: "/v1/responses",
    request: { input: "hi", stream: true },
    type: stream,
    text: named([
      { event: "response.created", data: ` {"type":"response.created","response":{"id":"1","model":"@"}}` },
      {
        event: "response.output_text.delta",
        data: `{"type":"response.output_text.delta","delta":"${decoy}"}`,
      },
      {
        event: "response.completed",
        data: `{"response":{"output":[{"text":"${decoy}"}],"model":"@"},"type":"response.completed"}`,
      },
    ]),
  },
  {
    name: "a message",
    provider: "anthropic",
    path: "/v1/messages",
    request: { max_tokens: 9, messages: says },
    type: json,
    text: `{"id":"msg_1","content":[{"type":"text","text":"${decoy}"}],"model":"@","usage":{}}`,
  },
  {
    name: "a message's events",
    provider: "anthropic",
    path: "/v1/messages",
    request: { max_tokens: 9, messages: says, stream: true },
    type: stream,
    text: named([
      {
        event: "message_start",
        data: ` {"type":"message_start","message":{"id":"1","model":"@","usage":{}}}`,
      },
      { event: "content_block_delta", data: ` {"type":"content_block_delta","delta":{"text":"${decoy}"}}` },
      { event: "message_stop", data: ` {"type":"message_stop"}` },
    ]),
  },
  {
    name: "Gemini's answer",
    provider: "gemini",
    path: "/v1beta/models/our-gemini:generateContent",
    request: { contents: [] },
    type: json,
    text: `{\n  "candidates": [{"content": {"parts": [{"text": "${decoy}"}]}}],\n  "modelVersion": "@"\n}\n`,
  },
  {
    name: "Gemini's stream of events",
    provider: "gemini",
    path: "/v1beta/models/our-gemini:streamGenerateContent?alt=sse",
    request: { contents: [] },
    type: stream,
    text: sse([`{"candidates":[{"text":"${decoy}"}],"modelVersion":"@"}`, `{"modelVersion":"@"}`], "\r\n"),
  },
  {
    name: "Gemini's stream in a list",
    provider: "gemini",
    path: "/v1beta/models/our-gemini:streamGenerateContent",
    request: { contents: [] },
    type: json,
    text: `[{\n "candidates": [{"text": "}]${decoy}"}],\n "modelVersion": "@"\n}\n,\r\n{"modelVersion":"@"}]\n`,
  },
  {
    name: "Cohere's answer, which names no model",
    provider: "cohere",
    path: "/v2/chat",
    request: { messages: says },
    type: json,
    text: `{"id":"1","message":{"content":[{"type":"text","text":"${decoy}"}]}}`,
  },
  {
    name: "Ollama's answer",
    provider: "ollama",
    path: "/api/chat",
    request: { messages: says, stream: false },
    type: "application/json; charset=utf-8",
    text: `{"model":"@","message":{"content":"${decoy}"},"done":true}`,
  },
  {
    name: "Ollama's stream of lines",
    provider: "ollama",
    path: "/api/chat",
    request: { messages: says },
    type: "application/x-ndjson",
    text: `{"model":"@","message":{"content":"${decoy}"}}\n{"done":true,"model":"@"}`,
  },
];

async function ask({ provider, path, request }: Case): Promise<Response> {
  const body = JSON.stringify({ ...(provider !== "gemini" && { model: `our-${provider}` }), ...request });
  const headers = { authorization: `Bearer ${key}`, "content-type": json, "anthropic-version": "2023-06-01" };
  return fetch(gateway.url + path, { method: "POST", headers, body });
}

for (const one of cases) {
  const { name, provider, type, text } = one;
  test(`${name}: the client's name of the model, and all else as it was`, async () => {
    const sizes = Buffer.byteLength(text) > 300 ? [7, 64, 100_000] : [1, 7, 100_000];
    for (const size of sizes) {
      told = { type, text: text.replaceAll("@", theirs), size };
      const response = await ask(one);
      assert.equal(response.status, 200);
      assert.equal(await response.text(), text.replaceAll("@", `our-${provider}`));
      const asked = upstream.requests.at(-1);
      assert.ok(`${asked?.url} ${asked?.body.toString()}`.includes(theirs));
      assert.ok(!`${asked?.url} ${asked?.body.toString()}`.includes("our-"));
    }
  });
}

test("a header that says the model's name says the client's", async () => {
  const [one] = cases;
  assert.ok(one);
  const headers = { "openai-model": theirs, "x-other": `not ${theirs}` };
  told = { type: json, text: `{"model":"${theirs}"}`, size: 100, headers };
  const response = await ask(one);
  assert.equal(await response.text(), '{"model":"our-openai"}');
  assert.equal(response.headers.get("openai-model"), "our-openai");
  assert.equal(response.headers.get("x-other"), `not ${theirs}`);
});

test("events that are no JSON after all pass as they are, and JSON that breaks off is a bad answer", async () => {
  const [one] = cases;
  assert.ok(one);
  const text = `data: {"model":"${theirs}\n\ndata: [model]\n\ndata: {"mod`;
  told = { type: stream, text, size: 5 };
  assert.equal(await (await ask(one)).text(), text);
  told = { type: json, text: `{"model":"${theirs}`, size: 5 };
  const response = await ask(one);
  const { error } = (await response.json()) as { error: { code: string } };
  assert.deepEqual([response.status, error.code], [502, "upstream_bad_answer"]);
});

test("each object of a list goes on once it is whole", async () => {
  const one = cases.find(({ name }) => name === "Gemini's stream in a list");
  assert.ok(one);
  let release: (rest: string) => void = () => {};
  const later = new Promise<string>((resolve) => (release = resolve));
  told = { type: json, text: `[{"modelVersion":"${theirs}"},{"modelVersion"`, size: 1000, later };
  const response = await ask(one);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = "";
  while (!text.endsWith(",")) {
    const { value, done } = await reader.read();
    assert.ok(!done);
    text += new TextDecoder().decode(value);
  }
  assert.equal(text, '[{"modelVersion":"our-gemini"},');
  release(`:"${theirs}"}]`);
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += new TextDecoder().decode(next.value);
  }
  assert.equal(text, '[{"modelVersion":"our-gemini"},{"modelVersion":"our-gemini"}]');
});

test("Gemini's bodies that repeat the model's name say the upstream's", async () => {
  const send = async (method: string, body: object): Promise<unknown> => {
    told = { type: json, text: "{}", size: 9 };
    const request = {
      name: "",
      provider: "gemini",
      path: `/v1beta/models/our-gemini:${method}`,
      request: body,
    };
    assert.equal((await ask({ ...request, type: json, text: "" })).status, 200);
    return JSON.parse(upstream.requests.at(-1)?.body.toString() ?? "");
  };
  const model = `models/${theirs}`;
  const content = { parts: [{ text: "a" }] };
  const ours = { model: "models/our-gemini", content };
  assert.deepEqual(await send("embedContent", ours), { model, content });
  assert.deepEqual(await send("batchEmbedContents", { requests: [ours, ours] }), {
    requests: [
      { model, content },
      { model, content },
    ],
  });
  assert.deepEqual(await send("countTokens", { generateContentRequest: ours }), {
    generateContentRequest: { model, content },
  });
});
