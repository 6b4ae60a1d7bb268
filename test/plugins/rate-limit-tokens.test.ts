import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, test } from "node:test";
import { chatAnswer, sendJson, startGateway, startUpstream, until, type TestGateway } from "../_gateway.ts";

interface Asked {
  answer?: string;
  [field: string]: unknown;
}

/** Answers that wait to be sent. */
const held: ServerResponse[] = [];

/** Answers as the request's field `answer` says. */
const upstream = await startUpstream((req, res) => {
  const asked = read(String(req.body));
  if (asked.answer === "held") return void held.push(res);
  if (asked.answer === "error")
    return sendJson(res, 400, {
      error: { message: "No.", type: "invalid_request_error", param: null, code: null },
    });
  if (asked.answer === "untold") return sendJson(res, 200, { ok: true });
  if (asked.answer === "never") return;
  if (asked.answer === "stream") return stream(res, 5, true);
  if (asked.answer === "untold stream") return stream(res, 5, false);
  if (asked.answer === "endless stream") return stream(res, Infinity, true);
  if (asked.answer === "cut stream") return stream(res, 5, true, true);
  sendJson(res, 200, chatAnswer());
});
after(() => upstream.close());

function read(body: string): Asked {
  try {
    return JSON.parse(body) as Asked;
  } catch {
    return {};
  }
}

/** Chat chunks 5 ms apart; with usage of 7 + 5 tokens at the end. */
function stream(res: ServerResponse, count: number, tellsUsage: boolean, isCut = false): void {
  res.writeHead(200, { "content-type": "text/event-stream" });
  const write = (chunk: object): void =>
    void res.write(
      `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "gpt-4o", ...chunk })}\n\n`,
    );
  let sent = 0;
  const timer = setInterval(() => {
    if (sent++ < count)
      return write({ choices: [{ index: 0, delta: { content: "word " }, finish_reason: null }] });
    clearInterval(timer);
    if (isCut) return void res.destroy();
    if (tellsUsage)
      write({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } });
    res.end("data: [DONE]\n\n");
  }, 5);
  res.on("close", () => clearInterval(timer));
}

interface Fixture extends TestGateway {
  /** Tokens in the key's window. */
  used(): Promise<number>;
  call(body: object, path?: string, init?: RequestInit): Promise<Response>;
  /** The result of the last call that ended. */
  ended: string[];
}

async function withTokens(
  limit: string,
  options: object,
  run: (gateway: Fixture) => Promise<void>,
): Promise<void> {
  const gateway = await startGateway({
    extends: [],
    upstreams: [
      {
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        forwardURL: upstream.url,
        keys: ["sk-upstream"],
        models: ["gpt-4o", "embed"],
        prefix: "/openai",
      },
    ],
    keys: [{ key: "sk-a", name: "a", limits: [limit] }],
    plugins: ["protocols/openai-chat", "auth", { "rate-limit": options }, "routing"],
  });
  const ended: string[] = [];
  gateway.gateway.context.hooks.hook("call:finish", (_call, { result }) => void ended.push(result));
  const { counters } = gateway.gateway.context.state;
  const used = async (): Promise<number> => {
    const window = { key: "limit:key:tokens:|a", limit: 1e9, window: 60_000, amount: 0 };
    return (await counters.peek([window])).windows[0]?.used ?? -1;
  };
  const call = (body: object, path = "/v1/chat/completions", init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization: "Bearer sk-a", "content-type": "application/json" };
    const text = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }], ...body });
    return fetch(gateway.url + path, { method: "POST", headers, body: text, ...init });
  };
  try {
    await run({ ...gateway, used, call, ended });
  } finally {
    await gateway.close();
  }
}

/** Waits for the end of a call, and for what comes after it. */
async function afterEnd({ ended }: Fixture, count = 1): Promise<void> {
  await until(() => ended.length >= count);
  await new Promise((resolve) => setTimeout(resolve, 10));
}

test("tokens are reserved while a call runs and settled by what it used", async () => {
  await withTokens("1000 tokens/min", {}, async (gateway) => {
    const response = await gateway.call({ answer: "stream", stream: true, max_tokens: 100 });
    // One token for "Hi", and the most that the answer may have.
    assert.equal(response.headers.get("x-ratelimit-limit-tokens"), "1000");
    assert.equal(response.headers.get("x-ratelimit-remaining-tokens"), "899");
    assert.match(response.headers.get("x-ratelimit-reset-tokens") ?? "", /^(?:59s|1m[01]s)$/);
    assert.equal(response.headers.get("x-ratelimit-limit-requests"), null);
    assert.equal(await gateway.used(), 101);
    await response.text();
    await afterEnd(gateway);
    assert.equal(await gateway.used(), 12);
  });
});

test("an answer in one piece is settled the same", async () => {
  await withTokens("1000 tokens/min", {}, async (gateway) => {
    const response = await gateway.call({});
    assert.equal(response.headers.get("x-ratelimit-remaining-tokens"), String(1000 - 1 - 256));
    await response.text();
    await afterEnd(gateway);
    assert.equal(await gateway.used(), 22);
  });
});

test("what was used beyond the reservation counts too", async () => {
  await withTokens("30 tokens/min", { estimate: { output: 1 } }, async (gateway) => {
    for (const turn of [1, 2]) {
      await (await gateway.call({})).text();
      await afterEnd(gateway, turn);
    }
    assert.equal(await gateway.used(), 44);
    const refused = await gateway.call({});
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("x-ratelimit-remaining-tokens"), "0");
    const { error } = (await refused.json()) as { error: { message: string } };
    assert.match(
      error.message,
      /^Rate limit reached: 30 tokens per minute for key a\. Try again in \d+ s\.$/,
    );
  });
});

test("calls at once are held to the limit by their reservations", async () => {
  await withTokens("1000 tokens/min", {}, async (gateway) => {
    const pending = Array.from({ length: 50 }, () => gateway.call({ answer: "held", max_tokens: 99 }));
    await until(() => gateway.ended.length === 40);
    await until(() => held.length === 10);
    assert.equal(await gateway.used(), 1000);
    for (const res of held.splice(0)) sendJson(res, 200, chatAnswer());
    const answers = await Promise.all(pending);
    assert.equal(answers.filter(({ status }) => status === 200).length, 10);
    assert.equal(answers.filter(({ status }) => status === 429).length, 40);
    await Promise.all(answers.map((answer) => answer.text()));
    await afterEnd(gateway, 50);
    assert.equal(await gateway.used(), 220);
  });
});

test("a stream that tells no usage is settled by an estimate", async () => {
  await withTokens("1000 tokens/min", {}, async (gateway) => {
    await (await gateway.call({ answer: "untold stream", stream: true })).text();
    await afterEnd(gateway);
    assert.equal(await gateway.used(), 6);
  });
});

test("an answer that tells nothing keeps its reservation", async () => {
  await withTokens("1000 tokens/min", {}, async (gateway) => {
    await (await gateway.call({ answer: "untold", max_tokens: 50 })).text();
    await afterEnd(gateway);
    assert.equal(await gateway.used(), 51);
  });
});

test("a call that got no answer, or a refusal, gives its tokens back but not its request", async () => {
  await withTokens("1000 tokens/min, 60/min", {}, async (gateway) => {
    await (await gateway.call({ answer: "error" })).text();
    await afterEnd(gateway, 1);
    assert.equal(await gateway.used(), 0);
    await (await gateway.call({ model: "nowhere" })).text();
    await afterEnd(gateway, 2);
    assert.equal(await gateway.used(), 0);
    const third = await gateway.call({});
    assert.equal(third.headers.get("x-ratelimit-remaining-requests"), "57");
    await third.text();
  });
});

test("a client that leaves in the middle of a stream pays for what was sent", async () => {
  await withTokens("1000 tokens/min", {}, async (gateway) => {
    const leaving = new AbortController();
    const response = await gateway.call({ answer: "endless stream", stream: true }, undefined, {
      signal: leaving.signal,
    });
    const reader = response.body?.getReader();
    await reader?.read();
    assert.equal(await gateway.used(), 257);
    leaving.abort();
    await afterEnd(gateway);
    assert.deepEqual(gateway.ended, ["client-gone"]);
    const used = await gateway.used();
    assert.ok(used >= 2 && used < 100, `used ${used}`);
  });
});

test("a client that leaves before the answer pays for its prompt", async () => {
  await withTokens("1000 tokens/min", {}, async (gateway) => {
    const leaving = new AbortController();
    const before = upstream.requests.length;
    const pending = gateway.call({ answer: "never" }, undefined, { signal: leaving.signal });
    await until(() => upstream.requests.length > before);
    leaving.abort();
    await assert.rejects(pending);
    await afterEnd(gateway);
    assert.deepEqual(gateway.ended, ["client-gone"]);
    assert.equal(await gateway.used(), 1);
  });
});

test("a stream that breaks is settled by what came of it", async () => {
  await withTokens("1000 tokens/min", {}, async (gateway) => {
    const response = await gateway.call({ answer: "cut stream", stream: true });
    await response.text().catch(() => "cut");
    await afterEnd(gateway);
    assert.deepEqual(gateway.ended, ["broken"]);
    assert.equal(await gateway.used(), 6);
  });
});

test("a call larger than the whole limit passes when the window is empty, and only then", async () => {
  await withTokens("100 tokens/min", {}, async (gateway) => {
    const big = { max_tokens: 5000 };
    const first = await gateway.call(big);
    assert.equal(first.status, 200);
    assert.equal(first.headers.get("x-ratelimit-remaining-tokens"), "0");
    await first.text();
    await afterEnd(gateway);
    assert.equal(await gateway.used(), 22);
    const second = await gateway.call(big);
    assert.equal(second.status, 429);
    assert.equal(second.headers.get("x-ratelimit-remaining-tokens"), "78");
    await second.text();
  });
});

test("only calls with tokens take any", async () => {
  await withTokens("1000 tokens/min", {}, async (gateway) => {
    const headers = { authorization: "Bearer sk-a" };
    const list = await fetch(`${gateway.url}/openai/v1/files`, { headers });
    assert.equal(list.headers.get("x-ratelimit-limit-tokens"), null);
    await list.text();
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(100_000)]), "speech.wav");
    const upload = await fetch(`${gateway.url}/openai/v1/files`, { method: "POST", headers, body: form });
    assert.equal(upload.headers.get("x-ratelimit-limit-tokens"), null);
    await upload.text();
    const sent = await fetch(`${gateway.url}/openai/v1/unheard-of`, { method: "POST", headers, body: form });
    // Nothing is known of it but that something will be answered.
    assert.equal(sent.headers.get("x-ratelimit-remaining-tokens"), String(1000 - 256));
    await sent.text();
  });
});

test("an embedding has no output, a body that is not read counts by its length", async () => {
  await withTokens("1000 tokens/min", { estimate: { output: 10 } }, async (gateway) => {
    const embedding = await gateway.call({ model: "embed", input: "Hi" }, "/v1/embeddings");
    assert.equal(embedding.headers.get("x-ratelimit-remaining-tokens"), "999");
    await embedding.text();
    await afterEnd(gateway);
    const before = await gateway.used();
    const body = JSON.stringify({ text: "x".repeat(389) });
    const headers = { authorization: "Bearer sk-a", "content-type": "application/json" };
    const forwarded = await fetch(`${gateway.url}/openai/v1/unheard-of`, { method: "POST", headers, body });
    assert.equal(forwarded.headers.get("x-ratelimit-remaining-tokens"), String(1000 - before - 100 - 10));
    await forwarded.text();
    await afterEnd(gateway, 2);
    assert.equal(await gateway.used(), before + 110);
  });
});

test("the body is only read where a token limit holds", async () => {
  const rules = [{ paths: ["/openai/v1/chat/*"], limits: "1000 tokens/min" }];
  await withTokens("60/min", { rules }, async (gateway) => {
    const headers = { authorization: "Bearer sk-a", "content-type": "application/json" };
    const post = async (path: string): Promise<number> => {
      const response = await fetch(gateway.url + path, { method: "POST", headers, body: "{ not JSON" });
      await response.text();
      return response.status;
    };
    assert.equal(await post("/openai/v1/chat/completions"), 400);
    const before = upstream.requests.length;
    assert.equal(await post("/openai/v1/unheard-of"), 200);
    assert.equal(upstream.requests.length, before + 1);
  });
});
