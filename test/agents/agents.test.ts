import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sendJson, startGateway, startUpstream } from "../_gateway.ts";
import type { TestGateway, TestUpstream } from "../_gateway.ts";
import { speakers, spoken } from "../core/translate/_wire.ts";
import type { Spoken } from "../core/translate/_wire.ts";
import { claudeCode, codex, geminiCli } from "./_agents.ts";
import { answerTurn, lastText, rounds } from "./_upstreams.ts";
import type { Fields } from "../../core/index.ts";

/**
 * Coding agents with the requests that they really make, over ten turns with tools, on services that refuse what the
 * real ones refuse: history out of order, unanswered calls, signatures that do not come back.
 */
let upstream: TestUpstream;
let gateway: TestGateway;

/** Services with a provider of their own are asked through it. */
const providers: Partial<Record<Spoken, string>> = {
  anthropic: "anthropic",
  gemini: "gemini",
  cohere: "cohere",
};
const served: Partial<Record<Spoken, string>> = {
  "bedrock-converse": "us.anthropic.claude-sonnet-4-20250514-v1:0",
  gemini: "gemini-2.5-pro",
};

before(async () => {
  upstream = await startUpstream((req, res) => {
    const name = (req.url ?? "").split("/")[1] as Spoken;
    const body = JSON.parse(req.body.toString()) as Fields;
    if (/count_tokens/.test(req.url ?? "")) return sendJson(res, 200, { input_tokens: 7 });
    if (/countTokens/.test(req.url ?? "")) return sendJson(res, 200, { totalTokens: 7 });
    answerTurn(name, body, res);
  });
  gateway = await startGateway({
    keys: ["sk-agent-0001"],
    plugins: [speakers, { retry: { attempts: 1 } }],
    upstreams: spoken.map((name) => ({
      name,
      provider: providers[name] ?? `speaks-${name}`,
      baseURL: `${upstream.url}/${name}`,
      key: "k",
      models: [{ [served[name] ?? "served"]: `at-${name}` }],
    })),
  });
});
after(async () => {
  await gateway.close();
  await upstream.close();
});

/** Headers that are for the agent's own vendor. */
const own =
  /^(anthropic-|openai-|x-goog-api-client|x-gemini-|x-claude-|x-codex-|x-client-request-id|originator|session-id|thread-id)/;
const ownKind: Record<string, Spoken> = {
  "Claude Code": "anthropic",
  Codex: "openai-responses",
  "Gemini CLI": "gemini",
};

for (const agent of [claudeCode, codex, geminiCli]) {
  for (const name of spoken) {
    test(`ten turns of ${agent.name} on a service that speaks ${name}`, async () => {
      const seen = upstream.requests.length;
      const { turns, text } = await agent.run(gateway.url, `at-${name}`, rounds + 1);
      assert.deepEqual({ turns, text }, { turns: rounds, text: lastText });
      const requests = upstream.requests.slice(seen);
      assert.equal(requests.filter(({ url }) => !/count_?tokens/i.test(url)).length, rounds);
      for (const { headers } of requests) {
        const leaked = Object.keys(headers).filter(
          (header) => own.test(header) && header !== "anthropic-version",
        );
        if (ownKind[agent.name] !== name) assert.deepEqual(leaked, []);
        assert.ok(!JSON.stringify(headers).includes("sk-agent-0001"), "the caller's key went on");
      }
    });
  }
}
