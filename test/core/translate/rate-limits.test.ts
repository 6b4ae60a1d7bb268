import assert from "node:assert/strict";
import { startWatched } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import type { Defer } from "../../_defer.ts";
import { sendJson, startUpstream } from "../../_gateway.ts";
import { answerWith, asking, post, speakers, spoken, textAnswer } from "./_wire.ts";
import type { Spoken } from "./_wire.ts";

/** Over, whatever the clock of this machine says. */
const reset = "2020-03-01T10:00:07Z";

const told: Record<Spoken, Record<string, string>> = {
  "openai-chat": common("100", "99", "0ms"),
  "openai-responses": common("100", "99", "0ms"),
  gemini: {},
  "bedrock-converse": {},
  ollama: {},
  anthropic: {
    "anthropic-ratelimit-requests-limit": "100",
    "anthropic-ratelimit-requests-remaining": "99",
    "anthropic-ratelimit-requests-reset": reset,
    "anthropic-ratelimit-unified-status": "allowed",
  },
  cohere: { "x-trial-endpoint-call-limit": "100", "x-trial-endpoint-call-remaining": "99" },
};

function common(limit: string, remaining: string, time?: string): Record<string, string> {
  return {
    "x-ratelimit-limit-requests": limit,
    "x-ratelimit-remaining-requests": remaining,
    ...(time !== undefined && { "x-ratelimit-reset-requests": time }),
  };
}

/** One server that is every service, and its limits go with each answer; `refuse` makes it answer 429. */
async function setUp(
  defer: Defer,
  { refuse = {} as Record<string, string>, plugins = [] as object[] } = {},
): Promise<string> {
  const upstream = await startUpstream(async (req, res) => {
    const name = spoken.find((one) => req.url?.startsWith(`/${one}/`)) ?? assert.fail(req.url);
    for (const [header, value] of Object.entries({ ...told[name], ...refuse })) res.setHeader(header, value);
    if (Object.keys(refuse).length > 0) {
      sendJson(res, 429, { error: { message: "Later." } });
      return;
    }
    await answerWith(name, res, textAnswer("Yes."), req.headers["x-stream"] === "true");
  });
  defer(upstream.close);
  const gateway = await startWatched({
    plugins: [speakers, { retry: { attempts: 1 } }, ...plugins],
    upstreams: spoken.map((name) => ({
      provider: `speaks-${name}`,
      baseURL: `${upstream.url}/${name}`,
      key: "sk-up",
      models: [`model-${name}`],
    })),
  });
  defer(gateway.close);
  return gateway.url;
}

/** The limits that a client is told. */
function limitsIn({ headers }: Response): Record<string, string> {
  return Object.fromEntries(
    [...headers].filter(([name]) => /ratelimit|x-trial|retry-after/.test(name)).sort(),
  );
}

async function ask(url: string, client: Spoken, upstream: Spoken, stream = false): Promise<Response> {
  const request = asking("Hello?", { model: `model-${upstream}` });
  const response = await post(url, client, request, stream, { "x-stream": String(stream) });
  await response.arrayBuffer();
  return response;
}

deferTest("limits go out in the names that the client's protocol has", async (defer) => {
  const url = await setUp(defer);
  for (const stream of [false, true]) {
    const fromAnthropic = limitsIn(await ask(url, "openai-chat", "anthropic", stream));
    assert.deepEqual(fromAnthropic, common("100", "99", "0ms"));
    const fromOpenAI = limitsIn(await ask(url, "anthropic", "openai-chat", stream));
    const { "anthropic-ratelimit-requests-reset": at = "", ...rest } = fromOpenAI;
    assert.deepEqual(rest, {
      "anthropic-ratelimit-requests-limit": "100",
      "anthropic-ratelimit-requests-remaining": "99",
    });
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000, at);
  }
  assert.deepEqual(limitsIn(await ask(url, "gemini", "cohere")), common("100", "99"));
  assert.deepEqual(limitsIn(await ask(url, "openai-responses", "openai-chat")), told["openai-chat"]);
  assert.deepEqual(limitsIn(await ask(url, "anthropic", "gemini")), {});
  assert.deepEqual(limitsIn(await ask(url, "anthropic", "anthropic")), told.anthropic);
});

deferTest("a refusal says when to come again, in seconds too", async (defer) => {
  const url = await setUp(defer, { refuse: { "retry-after-ms": "6400" } });
  const refused = await ask(url, "openai-chat", "anthropic");
  assert.equal(refused.status, 429);
  assert.deepEqual(limitsIn(refused), {
    "retry-after": "7",
    "retry-after-ms": "6400",
    ...common("100", "99", "0ms"),
  });
});

deferTest("the gateway's own limits stand in place of the upstream's", async (defer) => {
  const url = await setUp(defer, { plugins: [{ "rate-limit": { global: "5/day" } }] });
  const own = (answer: Response, name: string): unknown => limitsIn(answer)[name];
  const limit = "anthropic-ratelimit-requests-limit";
  const remaining = "anthropic-ratelimit-requests-remaining";
  for (const [left, upstream] of [
    ["4", "openai-chat"],
    ["3", "anthropic"],
  ] as const) {
    const answer = await ask(url, "anthropic", upstream);
    assert.deepEqual([own(answer, limit), own(answer, remaining)], ["5", left]);
    assert.ok(Date.parse(String(own(answer, "anthropic-ratelimit-requests-reset"))) > Date.now());
    assert.equal(own(answer, "x-ratelimit-limit-requests"), undefined);
  }
  const answer = await ask(url, "openai-chat", "anthropic");
  assert.deepEqual(
    [own(answer, "x-ratelimit-limit-requests"), own(answer, "x-ratelimit-remaining-requests")],
    ["5", "2"],
  );
});
