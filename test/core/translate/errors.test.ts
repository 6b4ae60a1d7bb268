import assert from "node:assert/strict";
import { startWatched, summary } from "../../_calls.ts";
import type { WatchedGateway } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import type { Defer } from "../../_defer.ts";
import { sendJson, startUpstream } from "../../_gateway.ts";
import type { TestUpstream } from "../../_gateway.ts";
import {
  answerWith,
  asking,
  pairs,
  post,
  readAnswer,
  speakers,
  spoken,
  textAnswer,
  textOf,
} from "./_wire.ts";
import type { Spoken } from "./_wire.ts";

const said = "Too many tokens at once — 漢.";

/** The refusal of too much as each service documents it. */
const refusals: Record<Spoken, object> = {
  "openai-chat": { error: { message: said, type: "tokens", param: null, code: "rate_limit_exceeded" } },
  "openai-responses": { error: { message: said, type: "tokens", param: null, code: "rate_limit_exceeded" } },
  anthropic: { type: "error", error: { type: "rate_limit_error", message: said }, request_id: "req_1" },
  gemini: { error: { code: 429, message: said, status: "RESOURCE_EXHAUSTED" } },
  "bedrock-converse": { message: said },
  cohere: { message: said },
  ollama: { error: said },
};

/** The members in which a client of each protocol looks for what went wrong. */
const shown: Record<Spoken, (body: Record<string, Record<string, unknown>>) => unknown> = {
  "openai-chat": ({ error }) => [error?.["message"], error?.["type"]],
  "openai-responses": ({ error }) => [error?.["message"], error?.["type"]],
  anthropic: ({ type, error }) => [type, error?.["message"], error?.["type"]],
  gemini: ({ error }) => [error?.["code"], error?.["message"], error?.["status"]],
  "bedrock-converse": ({ message }) => [message],
  cohere: ({ message }) => [message],
  ollama: ({ error }) => [error],
};

const expected: Record<Spoken, unknown[]> = {
  "openai-chat": [said, "rate_limit_error"],
  "openai-responses": [said, "rate_limit_error"],
  anthropic: ["error", said, "rate_limit_error"],
  gemini: [429, said, "RESOURCE_EXHAUSTED"],
  "bedrock-converse": [said],
  cohere: [said],
  ollama: [said],
};

/** One gateway before one server that is every service: `model-<protocol>` is the one that speaks it. */
async function setUp(
  defer: Defer,
  handler: Parameters<typeof startUpstream>[0],
): Promise<{ gateway: WatchedGateway; upstream: TestUpstream }> {
  const upstream = await startUpstream(handler);
  defer(upstream.close);
  const gateway = await startWatched({
    plugins: [speakers, { retry: { attempts: 1 } }, { cooldown: false }],
    upstreams: spoken.map((name) => ({
      provider: `speaks-${name}`,
      baseURL: `${upstream.url}/${name}`,
      key: "sk-up",
      models: [`model-${name}`],
    })),
  });
  defer(gateway.close);
  return { gateway, upstream };
}

function speakerOf(url = ""): Spoken {
  return spoken.find((name) => url.startsWith(`/${name}/`)) ?? assert.fail(url);
}

deferTest(
  "an upstream's refusal comes in the client's shape, with its status, message and wait",
  async (defer) => {
    const { gateway } = await setUp(defer, (req, res) =>
      sendJson(res, 429, refusals[speakerOf(req.url)], { "retry-after": "7", "x-request-id": "up-1" }),
    );
    for (const [client, upstream] of pairs) {
      for (const stream of [false, true]) {
        const about = `${client} → ${upstream}${stream ? ", streamed" : ""}`;
        const response = await post(
          gateway.url,
          client,
          asking("Hello", { model: `model-${upstream}` }),
          stream,
        );
        assert.equal(response.status, 429, about);
        assert.equal(response.headers.get("content-type"), "application/json", about);
        assert.equal(response.headers.get("retry-after"), "7", about);
        assert.equal(response.headers.get("x-request-id"), "up-1", about);
        assert.deepEqual(shown[client]((await response.json()) as never), expected[client], about);
      }
    }
  },
);

deferTest(
  "a refusal that is no JSON is told by its status, and never with a page's whole text",
  async (defer) => {
    const { gateway } = await setUp(defer, (_req, res) => {
      res.writeHead(503, { "content-type": "text/html" }).end(`<html>${"busy ".repeat(5000)}</html>`);
    });
    for (const client of spoken) {
      const upstream = client === "anthropic" ? "gemini" : "anthropic";
      const response = await post(gateway.url, client, asking("Hello", { model: `model-${upstream}` }));
      assert.equal(response.status, 503, client);
      const text = await response.text();
      assert.match(text, /busy/, client);
      assert.ok(text.length < 4000, `${client}: ${text.length}`);
    }
  },
);

deferTest("an answer that cannot be read is a 502 that does not show it", async (defer) => {
  const bodies = ["", "not JSON", "[1]", '{"unexpected":"secret-words"}', "null"];
  let body = "";
  const { gateway } = await setUp(defer, (_req, res) => {
    res.writeHead(200, { "content-type": "application/json" }).end(body);
  });
  for (const upstream of spoken) {
    const client = upstream === "openai-chat" ? "anthropic" : "openai-chat";
    for (body of bodies) {
      const about = `${upstream}: ${body}`;
      const response = await post(gateway.url, client, asking("Hello", { model: `model-${upstream}` }));
      assert.equal(response.status, 502, about);
      const text = await response.text();
      assert.match(text, /cannot be made out/, about);
      assert.doesNotMatch(text, /secret-words|not JSON"/, about);
    }
  }
});

/** Errors that services send with a status of success. */
const inSuccess: Partial<Record<Spoken, [object, number]>> = {
  "openai-chat": [{ error: { message: said, type: "server_error", code: 503 } }, 503],
  anthropic: [{ type: "error", error: { type: "overloaded_error", message: said } }, 529],
  gemini: [{ error: { code: 503, message: said, status: "UNAVAILABLE" } }, 503],
  ollama: [{ error: said }, 502],
};

for (const [name, [body, status]] of Object.entries(inSuccess) as [Spoken, [object, number]][]) {
  const client = name === "anthropic" ? "openai-responses" : "anthropic";
  deferTest(
    `an error with a status of success is one, and another upstream is asked: ${name}`,
    async (defer) => {
      const broken = await startUpstream((_req, res) => sendJson(res, 200, body));
      defer(broken.close);
      const sound = await startUpstream(
        (_req, res) => void answerWith("cohere", res, textAnswer("Here."), false),
      );
      defer(sound.close);
      const first = { provider: `speaks-${name}`, baseURL: broken.url, key: "k", priority: 1 };
      const gateway = await startWatched({
        plugins: [speakers, { retry: { backoff: { base: "1ms", max: "1ms" } } }],
        upstreams: [
          { ...first, models: ["model-1"] },
          { provider: "speaks-cohere", baseURL: sound.url, key: "k", models: ["model-1"] },
          { ...first, name: "alone", models: ["alone"] },
        ],
      });
      defer(gateway.close);
      const answer = await readAnswer(client, await post(gateway.url, client, asking("Hello")), false);
      assert.equal(textOf(answer), "Here.");
      assert.deepEqual((await gateway.ended(1)).call.attempts.length, 2);
      const alone = await post(gateway.url, client, asking("Hello", { model: "alone" }));
      assert.equal(alone.status, status);
      assert.ok((await alone.text()).includes(said));
      const end = await gateway.ended(2);
      assert.equal((summary(end) as { status: number }).status, status);
    },
  );
}
