import assert from "node:assert/strict";
import { test } from "node:test";
import { deferTest } from "../../_defer.ts";
import { sendJson, startGateway, startUpstream } from "../../_gateway.ts";
import { codecOf, placeOf, speakers } from "./_wire.ts";
import type { Spoken } from "./_wire.ts";
import { answerContext } from "../../plugins/protocols/_codec.ts";
import { vectorToNumbers } from "../../../core/index.ts";
import { documentText } from "../../../core/translate/document.ts";
import type { Fields } from "../../../core/index.ts";

const wrong = "@@ no base64 @@";
const url = `data:text/plain;base64,${wrong}`;

/** A document of text whose data is no base64, as each client sends it. */
const bodies: Partial<Record<Spoken, Fields>> = {
  "openai-chat": {
    messages: [{ role: "user", content: [{ type: "file", file: { filename: "a.txt", file_data: url } }] }],
  },
  "openai-responses": {
    input: [{ role: "user", content: [{ type: "input_file", filename: "a.txt", file_data: url }] }],
  },
  anthropic: {
    max_tokens: 100,
    messages: [
      {
        role: "user",
        content: [{ type: "document", source: { type: "base64", media_type: "text/plain", data: wrong } }],
      },
    ],
  },
  gemini: {
    contents: [{ role: "user", parts: [{ inlineData: { mimeType: "text/plain", data: wrong } }] }],
  },
  "bedrock-converse": {
    messages: [
      { role: "user", content: [{ document: { format: "txt", name: "a", source: { bytes: wrong } } }] },
    ],
  },
};
const clients = Object.keys(bodies) as Spoken[];
/** Upstreams for which a document becomes its text. */
const readers: readonly Spoken[] = ["anthropic", "cohere", "ollama"];

deferTest("a document that is no base64 is the client's mistake, in every protocol", async (defer) => {
  const upstream = await startUpstream((_req, res) => sendJson(res, 500, {}));
  defer(upstream.close);
  const gateway = await startGateway({
    plugins: [speakers, { auth: { anonymous: true } }, { retry: { attempts: 1 } }],
    upstreams: readers.map((name) => ({
      provider: `speaks-${name}`,
      baseURL: upstream.url,
      key: "k",
      models: [`model-${name}`],
    })),
  });
  defer(gateway.close);
  for (const client of clients) {
    for (const reader of readers.filter((name) => name !== client)) {
      const model = `model-${reader}`;
      const { path } = placeOf(client, model, false);
      const response = await fetch(gateway.url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model, ...bodies[client] }),
      });
      const text = await response.text();
      assert.equal(response.status, 400, `${client} → ${reader}: ${text}`);
      assert.match(text, /file_data.* is not base64/, `${client} → ${reader}`);
    }
  }
  assert.deepEqual(upstream.requests, []);
});

test("a PDF that is no base64 is named too, where it becomes text", async () => {
  await assert.rejects(documentText(`data:application/pdf;base64,${wrong}`), {
    status: 400,
    param: "file_data",
  });
});

test("what an upstream says in base64, and is none, is its own mistake", () => {
  assert.throws(() => vectorToNumbers(wrong), { status: 502 });
  const about = answerContext({ model: "m" }, { model: "m", stream: true });
  const decoder = codecOf("bedrock-converse").decodeStream(about);
  const piece = (event: string, data: Fields): unknown =>
    decoder.event({ event, data: JSON.stringify(data) });
  const image = { contentBlockIndex: 0, delta: { image: { source: { bytes: wrong } } } };
  assert.throws(
    () => {
      piece("messageStart", { role: "assistant" });
      piece("contentBlockStart", { contentBlockIndex: 0, start: { image: { format: "png" } } });
      piece("contentBlockDelta", image);
      piece("contentBlockDelta", image);
      piece("contentBlockStop", { contentBlockIndex: 0 });
    },
    { status: 502 },
  );
});
