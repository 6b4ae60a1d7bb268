import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chatAnswer, closedAddress, sendJson, startGateway, startUpstream, until } from "../../_gateway.ts";

const upstreamKey = "sk-upstream-0123456789abcdef";
const callerKey = "sk-caller-0123456789abcdef";
const prompt = "a prompt that is nobody's business";

type Line = Record<string, unknown>;

interface Setup {
  options?: object;
  /** What its upstream is, where it is not OpenAI. */
  upstream?: object;
  handler?: Parameters<typeof startUpstream>[0];
}

/** Runs calls against a gateway that logs into a file; yields the file once the gateway has closed. */
async function logOf(
  { options = {}, upstream: own = {}, handler = (_, res) => sendJson(res, 200, chatAnswer()) }: Setup,
  calls: (url: string) => Promise<void>,
): Promise<{ text: string; lines: Line[] }> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-log-"));
  const file = join(folder, "deep/requests.jsonl");
  const upstream = await startUpstream(handler);
  const gateway = await startGateway({
    upstreams: [
      {
        name: "openai",
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        forwardURL: upstream.url,
        keys: [upstreamKey],
        models: ["gpt-4o"],
        prefix: "/openai",
        ...own,
      },
    ],
    keys: [{ key: callerKey, name: "team-a" }],
    plugins: [{ "request-log": { format: "json", file, ...options } }, { retry: { attempts: 1 } }],
  });
  try {
    await calls(gateway.url);
    // The last call of a client that left ends after the client.
    await until(() => gateway.gateway.inFlight === 0);
  } finally {
    await gateway.close();
    await upstream.close();
  }
  const text = await readFile(file, "utf8").catch(() => "");
  await rm(folder, { recursive: true });
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  return { text, lines: lines.map((line) => JSON.parse(line) as Line) };
}

function chat(url: string, body: object = {}, path = "/v1/chat/completions"): Promise<Response> {
  return fetch(url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${callerKey}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: prompt }], ...body }),
  });
}

/** Checks what differs from run to run, and takes it out. */
function steady(line: Line | undefined): Line {
  const { time, id, duration_ms, first_byte_ms, ...rest } = line ?? {};
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Math.abs(Date.now() - Date.parse(String(time))) < 60_000);
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.ok(typeof duration_ms === "number" && duration_ms > 0 && duration_ms < 60_000);
  if (first_byte_ms !== undefined)
    assert.ok(typeof first_byte_ms === "number" && first_byte_ms <= duration_ms);
  return rest;
}

function assertNoSecrets(text: string): void {
  for (const secret of [upstreamKey, callerKey, prompt, "0123456789abcdef"]) {
    assert.ok(!text.includes(secret), `the log holds ${secret}`);
  }
}

const answerBytes = JSON.stringify(chatAnswer()).length;

test("a translated call tells what its upstream's protocol could not say", async () => {
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "gpt-4o",
    stop_reason: "end_turn",
  };
  const answer = { ...message, content: [], usage: { input_tokens: 1, output_tokens: 2 } };
  const setup: Setup = {
    upstream: { provider: "anthropic" },
    handler: (_, res) => sendJson(res, 200, answer),
  };
  const { text, lines } = await logOf(setup, async (url) => {
    await (await chat(url, { seed: 1, logit_bias: { 1: 2 } })).text();
    await (await chat(url, { seed: null, temperature: 0.5 })).text();
    const made = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`field${i}`, i]));
    await (await chat(url, { ["x".repeat(1000)]: 1, [callerKey]: 2, ...made })).text();
  });
  const told = lines.map((line) => (line["dropped"] ?? []) as string[]);
  assert.deepEqual(told[0]?.toSorted(), ["logit_bias", "seed"]);
  assert.equal(lines[0]?.["status"], 200);
  assert.ok(lines[1] && !("dropped" in lines[1]));
  const lengths = told[2]?.map((name) => name.length) ?? [];
  assert.equal(lengths.length, 20);
  assert.ok(Math.max(...lengths) <= 257);
  assertNoSecrets(text);
});

test("a call that was answered", async () => {
  const { text, lines } = await logOf({}, async (url) => {
    const response = await chat(url, {}, `/v1/chat/completions?api-version=1&key=${callerKey}`);
    await response.text();
  });
  assert.equal(lines.length, 1);
  assert.ok(typeof lines[0]?.["first_byte_ms"] === "number");
  assert.deepEqual(steady(lines[0]), {
    status: 200,
    result: "complete",
    method: "POST",
    path: "/v1/chat/completions",
    operation: "chat",
    model: "gpt-4o",
    upstream: "openai",
    key: "team-a",
    ip: "127.0.0.1",
    attempts: 1,
    bytes: answerBytes,
    input_tokens: 10,
    output_tokens: 12,
  });
  const order = [
    "time",
    "id",
    "status",
    "result",
    "method",
    "path",
    "operation",
    "model",
    "upstream",
    "key",
    "ip",
  ];
  assert.deepEqual(Object.keys(lines[0] ?? {}).slice(0, order.length), order);
  assertNoSecrets(text);
});

test("the id in the line is the one that the client was told", async () => {
  let told: string | null = null;
  const { lines } = await logOf({}, async (url) => {
    const response = await chat(url);
    told = response.headers.get("x-sluice-id");
    await response.text();
  });
  assert.equal(lines[0]?.["id"], told);
});

test("a call that was refused", async () => {
  const { text, lines } = await logOf({}, async (url) => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer sk-wrong-0123456789abcdef" },
      body: JSON.stringify({ model: "gpt-4o", messages: [] }),
    });
    assert.equal(response.status, 401);
    await response.text();
  });
  const { bytes, ...line } = steady(lines[0]);
  assert.ok(Number(bytes) > 0);
  assert.deepEqual(line, {
    status: 401,
    result: "complete",
    method: "POST",
    path: "/v1/chat/completions",
    operation: "chat",
    ip: "127.0.0.1",
    error: "invalid_api_key",
  });
  assertNoSecrets(text);
});

test("a stream", async () => {
  const events =
    'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n' +
    'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":4}}}\n\n' +
    "data: [DONE]\n\n";
  const { lines } = await logOf(
    {
      handler(_, res) {
        res.writeHead(200, { "content-type": "text/event-stream" });
        res.end(events);
      },
    },
    async (url) => {
      const response = await chat(url, { stream: true });
      assert.equal(await response.text(), events);
    },
  );
  const { status, result, bytes, input_tokens, output_tokens, cached_tokens } = lines[0] ?? {};
  assert.deepEqual(
    { status, result, bytes, input_tokens, output_tokens, cached_tokens },
    {
      status: 200,
      result: "complete",
      bytes: events.length,
      input_tokens: 5,
      output_tokens: 1,
      cached_tokens: 4,
    },
  );
});

test("a client that leaves in the middle is logged as 499", async () => {
  const { lines } = await logOf(
    {
      handler(_, res) {
        res.writeHead(200, { "content-type": "text/event-stream" });
        res.write('data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n');
      },
    },
    async (url) => {
      await new Promise<void>((resolve, reject) => {
        const request = httpRequest(`${url}/v1/chat/completions`, {
          method: "POST",
          headers: { authorization: `Bearer ${callerKey}`, "content-type": "application/json" },
        });
        request.on("response", (response) =>
          response.once("data", () => {
            response.destroy();
            resolve();
          }),
        );
        request.on("error", reject);
        request.end(JSON.stringify({ model: "gpt-4o", stream: true, messages: [] }));
      });
    },
  );
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.["status"], 499);
  assert.equal(lines[0]?.["result"], "client-gone");
  assert.equal(lines[0]?.["upstream"], "openai");
});

test("an upstream that breaks in the middle is logged as broken, with its cause", async () => {
  const { lines } = await logOf(
    {
      handler(_, res) {
        res.writeHead(200, { "content-type": "text/event-stream" });
        res.write('data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n', () =>
          setTimeout(() => res.destroy(), 20),
        );
      },
    },
    async (url) => {
      const response = await chat(url, { stream: true });
      await assert.rejects(response.text());
    },
  );
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.["status"], 200);
  assert.equal(lines[0]?.["result"], "broken");
  assert.ok(lines[0]?.["error"]);
  assert.ok(typeof lines[0]?.["cause"] === "string");
});

test("an upstream that cannot be reached leaves code and cause", async () => {
  const { lines } = await logOf({ upstream: { baseURL: `${closedAddress}/v1` } }, async (url) => {
    const response = await chat(url);
    assert.equal(response.status, 502);
    await response.text();
  });
  assert.equal(lines[0]?.["status"], 502);
  assert.ok(lines[0]?.["error"]);
  assert.equal(lines[0]?.["attempts"], 1);
});

test("keys in a path or a model name are masked, long names are cut", async () => {
  const { text, lines } = await logOf({}, async (url) => {
    await (await chat(url, { model: upstreamKey })).text();
    await (await chat(url, {}, `/openai/${callerKey}/v1/x`)).text();
    await (await chat(url, { model: "m".repeat(1000) })).text();
  });
  assert.equal(lines[0]?.["model"], "sk-…cdef");
  assert.equal(lines[1]?.["path"], "/openai/sk-…cdef/v1/x");
  assert.equal(lines[2]?.["model"], `${"m".repeat(256)}…`);
  assertNoSecrets(text);
});

test("only: errors leaves successes out; exclude leaves paths out", async () => {
  const { lines } = await logOf(
    {
      options: { only: "errors", exclude: ["/openai/private/*"] },
      handler: (req, res) => sendJson(res, req.url?.includes("ok") ? 200 : 418, {}),
    },
    async (url) => {
      for (const path of ["/openai/ok", "/openai/bad", "/openai/private/bad"])
        await (await chat(url, {}, path)).text();
    },
  );
  assert.deepEqual(
    lines.map(({ path, status }) => ({ path, status })),
    [{ path: "/openai/bad", status: 418 }],
  );
});

test("fields chooses and orders what is told", async () => {
  const { text } = await logOf({ options: { fields: ["status", "model", "error"] } }, async (url) => {
    await (await chat(url)).text();
  });
  assert.equal(text, '{"status":200,"model":"gpt-4o"}\n');
});

test("pretty lines go into a file without colours", async () => {
  const { text } = await logOf({ options: { format: "pretty" } }, async (url) => {
    await (await chat(url)).text();
  });
  assert.match(
    text,
    /^\d\d:\d\d:\d\d 200 POST \/v1\/chat\/completions gpt-4o → openai +(?:\d+ms|\d+\.\ds) 10\/12 tok key=team-a\n$/,
  );
});

test("a log that cannot be written is told of, and calls go on", async () => {
  const upstream = await startUpstream((_, res) => sendJson(res, 200, chatAnswer()));
  const folder = await mkdtemp(join(tmpdir(), "sluice-log-"));
  const gateway = await startGateway({
    upstreams: [
      { provider: "openai", baseURL: `${upstream.url}/v1`, models: ["gpt-4o"], keys: [upstreamKey] },
    ],
    keys: [callerKey],
    plugins: [{ "request-log": { format: "json", file: folder } }],
  });
  assert.equal((await chat(gateway.url)).status, 200);
  await gateway.close();
  await upstream.close();
  await rm(folder, { recursive: true });
  const warnings = gateway.messages.filter(({ level }) => level === "warn");
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.text ?? "", /request-log: 1 lines were lost: .*EISDIR/);
});
