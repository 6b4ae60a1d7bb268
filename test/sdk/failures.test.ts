import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import Anthropic, {
  APIError as AnthropicAPIError,
  InternalServerError as AnthropicInternalServerError,
  RateLimitError as AnthropicRateLimitError,
} from "@anthropic-ai/sdk";
import OpenAI, { APIError, InternalServerError, RateLimitError } from "openai";
import { startGateway } from "../_gateway.ts";
import type { TestGateway } from "../_gateway.ts";
import { callerKey, startMock, upstreamKey } from "./_mock.ts";
import type { Mock } from "./_mock.ts";

type Chaos = Parameters<Mock["mock"]["setChaos"]>[0];

let first: Mock;
let second: Mock;
/** One attempt only, on the first service. */
let plain: TestGateway;
/** Tries again, on the first service and then on the second. */
let patient: TestGateway;

const text = "One two three four five six seven eight nine ten, and so on for a while.";

/** Each test's failures are its own. */
const forgetful = [{ breaker: false }, { cooldown: false }];

before(async () => {
  first = await startMock();
  second = await startMock();
  for (const { mock } of [first, second]) mock.onMessage("hello", { content: text }, { chunkSize: 4 });
  // With a pause between its pieces, so that some have left before the cut.
  first.mock.onMessage("break", { content: text }, { chunkSize: 4, latency: 50, truncateAfterChunks: 6 });
  plain = await startGateway({
    keys: [callerKey],
    upstreams: offer(first, "first", 1),
    plugins: [...forgetful, { retry: { attempts: 1 } }],
  });
  patient = await startGateway({
    keys: [callerKey],
    upstreams: [...offer(first, "first", 1), ...offer(second, "second", 0)],
    plugins: [...forgetful, { retry: { attempts: 2, backoff: { base: "5ms" } } }],
  });
});

afterEach(() => {
  first.mock.clearChaos();
  first.seen.length = 0;
  second.seen.length = 0;
});

after(async () => {
  await plain.close();
  await patient.close();
  await first.close();
  await second.close();
});

function offer({ url }: Mock, name: string, priority: number): object[] {
  const common = { key: upstreamKey, priority };
  return [
    { ...common, name, provider: "openai", baseURL: `${url}/v1`, models: ["gpt-4o"] },
    { ...common, name: `${name}-claude`, provider: "anthropic", baseURL: url, models: ["claude-*"] },
  ];
}

const openai = ({ url }: { url: string }): OpenAI =>
  new OpenAI({ apiKey: callerKey, baseURL: `${url}/v1`, maxRetries: 0 });
const anthropic = ({ url }: { url: string }): Anthropic =>
  new Anthropic({ apiKey: callerKey, baseURL: url, maxRetries: 0 });

const chat = (client: OpenAI, content = "hello"): Promise<OpenAI.ChatCompletion> =>
  client.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content }] });
const message = (client: Anthropic, content = "hello"): Promise<Anthropic.Message> =>
  client.messages.create({
    model: "claude-opus-5-5",
    max_tokens: 100,
    messages: [{ role: "user", content }],
  });

/** What a call fails with. */
async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("the call did not fail");
}

test("a rate limit is the SDKs' RateLimitError, with its Retry-After", async () => {
  first.mock.setChaos({ rateLimitRate: 1 });
  const one = await failure(chat(openai(plain)));
  assert.ok(one instanceof RateLimitError);
  assert.equal(one.status, 429);
  assert.match(one.headers.get("retry-after") ?? "", /^\d+$/);
  const other = await failure(message(anthropic(plain)));
  assert.ok(other instanceof AnthropicRateLimitError);
  assert.match(other.headers.get("retry-after") ?? "", /^\d+$/);
});

test("an error of the service is the SDKs' InternalServerError", async () => {
  first.mock.setChaos({ dropRate: 1 });
  const one = await failure(chat(openai(plain)));
  assert.ok(one instanceof InternalServerError);
  assert.equal(one.status, 500);
  assert.ok((await failure(message(anthropic(plain)))) instanceof AnthropicInternalServerError);
});

test("a connection that the service cuts is a 502 that says so", async () => {
  first.mock.setChaos({ disconnectRate: 1 });
  const one = await failure(chat(openai(plain)));
  assert.ok(one instanceof InternalServerError);
  assert.deepEqual([one.status, one.code, one.type], [502, "upstream_connection_lost", "upstream_error"]);
  const other = await failure(message(anthropic(plain)));
  assert.ok(other instanceof AnthropicInternalServerError);
  assert.deepEqual([other.status, other.type], [502, "api_error"]);
});

test("an answer that is no JSON is a 502 that says so", async () => {
  first.mock.setChaos({ malformedRate: 1 });
  const error = await failure(chat(openai(plain)));
  assert.ok(error instanceof APIError, String(error));
  assert.deepEqual([error.status, error.code], [502, "upstream_bad_answer"]);
});

test("a stream that breaks gives what came, then an error, to OpenAI's SDK", async () => {
  const stream = await openai(plain).chat.completions.create({
    model: "gpt-4o",
    messages: [{ role: "user", content: "break" }],
    stream: true,
  });
  let came = "";
  const error = await failure(
    (async () => {
      for await (const chunk of stream) came += chunk.choices[0]?.delta.content ?? "";
    })(),
  );
  assert.ok(error instanceof APIError, String(error));
  assert.equal(error.code, "upstream_connection_lost");
  assert.ok(came.length > 0 && text.startsWith(came), came);
  assert.notEqual(came, text);
});

test("a stream that breaks gives what came, then an error, to Anthropic's SDK", async () => {
  const stream = await anthropic(plain).messages.create({
    model: "claude-opus-5-5",
    max_tokens: 100,
    messages: [{ role: "user", content: "break" }],
    stream: true,
  });
  let came = "";
  const error = await failure(
    (async () => {
      for await (const event of stream) {
        if (event.type === "content_block_delta" && event.delta.type === "text_delta")
          came += event.delta.text;
      }
    })(),
  );
  assert.ok(error instanceof AnthropicAPIError, String(error));
  assert.equal(error.type, "api_error");
  assert.ok(came.length > 0 && text.startsWith(came), came);
  assert.notEqual(came, text);
});

const kinds: [string, Chaos][] = [
  ["is rate limited", { rateLimitRate: 1 }],
  ["fails", { dropRate: 1 }],
  ["cuts the connection", { disconnectRate: 1 }],
];

for (const [what, chaos] of kinds) {
  test(`a service that ${what} is hidden by a second one`, async () => {
    first.mock.setChaos(chaos);
    const answer = await chat(openai(patient));
    assert.equal(answer.choices[0]?.message.content, text);
    const { content } = await message(anthropic(patient));
    assert.deepEqual(content, [{ type: "text", text }]);
    const paths = ["/v1/chat/completions", "/v1/messages"];
    assert.deepEqual(
      first.seen.map(({ url }) => url),
      paths,
    );
    assert.deepEqual(
      second.seen.map(({ url, body }) => [url, String(body)]),
      first.seen.map(({ url, body }) => [url, String(body)]),
    );
  });

  test(`a service that ${what} is hidden by a second one in a stream`, async () => {
    first.mock.setChaos(chaos);
    const stream = await openai(patient).chat.completions.create({
      model: "gpt-4o",
      messages: [{ role: "user", content: "hello" }],
      stream: true,
    });
    let came = "";
    for await (const chunk of stream) came += chunk.choices[0]?.delta.content ?? "";
    assert.equal(came, text);
    assert.deepEqual([first.seen.length, second.seen.length], [1, 1]);
  });
}

test("a service that fails once is asked again where there is no other", async () => {
  const alone = await startGateway({
    keys: [callerKey],
    upstreams: offer(first, "first", 1),
    plugins: [...forgetful, { retry: { attempts: 2, backoff: { base: "5ms" } } }],
  });
  try {
    first.mock.nextRequestError(503, { message: "Busy.", type: "server_error" });
    const answer = await chat(openai(alone));
    assert.equal(answer.choices[0]?.message.content, text);
    assert.equal(first.seen.length, 2);
  } finally {
    await alone.close();
  }
});
