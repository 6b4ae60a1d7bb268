import assert from "node:assert/strict";
import { test } from "node:test";
import { wordsOf } from "../../plugins/benchmark-echo/answer.ts";
import { startGateway } from "../_gateway.ts";

const config = {
  extends: [],
  upstreams: [{ name: "benchmark", provider: "benchmark-echo", prefix: "/benchmark" }],
  plugins: ["protocols/openai-chat", { auth: { anonymous: true } }, "routing", "benchmark-echo"],
};

async function ask(body: object, path = "/v1/chat/completions"): Promise<Response> {
  const gateway = await startGateway(config);
  try {
    const request = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    const response = await fetch(`${gateway.url}/benchmark${path}`, request);
    const { status, headers } = response;
    return new Response(await response.text(), { status, headers });
  } finally {
    await gateway.close();
  }
}

const said = "One,  two\nthree 你好 ";
const messages = [
  { role: "user", content: "earlier" },
  { role: "assistant", content: "something" },
  { role: "user", content: said },
  { role: "assistant", content: "begun" },
];

test("says back what the user said last", async () => {
  const response = await ask({ model: "any", messages });
  assert.equal(response.status, 200);
  const answer = (await response.json()) as Record<string, unknown>;
  assert.deepEqual(
    { ...answer, id: "", created: 0 },
    {
      id: "",
      object: "chat.completion",
      created: 0,
      model: "any",
      choices: [{ index: 0, message: { role: "assistant", content: said.trim() }, finish_reason: "stop" }],
      usage: { prompt_tokens: 4, completion_tokens: 4, total_tokens: 8 },
    },
  );
});

test("streams it word by word, to the end mark, with usage where it is asked for", async () => {
  const response = await ask({
    model: "any",
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const events = (await response.text()).split("\n\n").slice(0, -1);
  assert.equal(events.pop(), "data: [DONE]");
  const chunks = events.map((event) => JSON.parse(event.slice("data: ".length)) as Chunk);
  const usage = chunks.pop();
  assert.deepEqual([usage?.choices, usage?.usage?.total_tokens], [[], 8]);
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), said.trim());
  assert.equal(chunks.length, 6, "the role, four words, the reason to stop");
  assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, "stop");
  assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);

  const plain = await (await ask({ model: "any", messages, stream: true })).text();
  assert.doesNotMatch(plain, /usage/);
});

test("has an answer for a prompt without words, and none for other operations", async () => {
  const { choices } = (await (await ask({ model: "any", messages: [] })).json()) as Chunk;
  assert.match(choices[0]?.message?.content ?? "", /nothing to echo/);
  assert.equal((await ask({ model: "any", input: "x" }, "/v1/embeddings")).status, 404);
});

test("words joined are the text", () => {
  for (const text of ["a", " a  b\n", "\t", "", "a b c", said]) assert.equal(wordsOf(text).join(""), text);
});

interface Chunk {
  id: string;
  choices: { delta: { content?: string }; message?: { content: string }; finish_reason: string | null }[];
  usage?: { total_tokens: number };
}
