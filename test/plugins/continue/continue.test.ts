import assert from "node:assert/strict";
import { startWatched } from "../../_calls.ts";
import type { WatchedGateway } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import type { Defer } from "../../_defer.ts";
import { until } from "../../_gateway.ts";
import type { TestUpstream } from "../../_gateway.ts";
import { anthropicEvents, openaiEvents, overloaded, stream, streaming } from "./_streams.ts";
import type { Gate } from "../../../core/index.ts";

type Provider = "anthropic" | "mistral" | "openai";

const model = "claude-sonnet-4-5";

/** Upstreams of a provider each, tried in this order, and how their attempts end. */
async function setUp(
  defer: Defer,
  upstreams: [Provider, TestUpstream][],
  options: object | false = {},
  retry: object = {},
): Promise<{ gateway: WatchedGateway; ends: string[] }> {
  const gateway = await startWatched({
    upstreams: upstreams.map(([provider, { url }], i) => ({
      name: `up${i + 1}`,
      provider,
      baseURL: provider === "anthropic" ? url : `${url}/v1`,
      key: "sk-up",
      models: [model],
      priority: -i,
    })),
    plugins: [{ breaker: false }, { cooldown: false }, { continue: options }, { retry }],
  });
  defer(gateway.close);
  const ends: string[] = [];
  const gate: Gate = {
    name: "watcher",
    enter: () => undefined,
    leave: ({ target, end }) => void ends.push(`${target.upstream.name} ${end}`),
  };
  gateway.gateway.context.watch(gate);
  return { gateway, ends };
}

const messages = [{ role: "user", content: "Greet the world." }];

function ask(gateway: WatchedGateway, more: object = {}, path = "/v1/chat/completions"): Promise<Response> {
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "anthropic-version": "2023-06-01" },
    body: JSON.stringify({ model, messages, max_tokens: 100, stream: true, ...more }),
  });
}

interface Event {
  id?: string;
  choices: {
    delta: { role?: string; content?: string; tool_calls?: unknown };
    finish_reason: string | null;
  }[];
  usage?: object | null;
  error?: { code: string };
}

/** The events that a client of OpenAI's gets. */
function eventsIn(text: string): Event[] {
  return text
    .split("\n\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)) as Event);
}

const textOf = (events: readonly Event[]): string =>
  events.map(({ choices }) => choices?.[0]?.delta.content ?? "").join("");

/** What comes until the stream ends or breaks. */
async function read(answer: Response): Promise<{ text: string; whole: boolean }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const piece of answer.body ?? []) text += decoder.decode(piece, { stream: true });
    return { text, whole: true };
  } catch {
    return { text, whole: false };
  }
}

const sentTo = ({ requests }: TestUpstream, at = 0): Record<string, unknown> & { messages: object[] } =>
  JSON.parse(requests[at]?.body.toString() ?? "");

deferTest("a translated stream that was cut goes on elsewhere, as one stream", async (defer) => {
  const first = await streaming(defer, (res) => stream(res, anthropicEvents(["Hello", " wor"]), "cut"));
  const second = await streaming(defer, (res) => stream(res, anthropicEvents(["ld", "!", "END"], "msg_2")));
  const { gateway, ends } = await setUp(defer, [
    ["anthropic", first],
    ["anthropic", second],
  ]);
  const answer = await ask(gateway, { stream_options: { include_usage: true } });
  const { text, whole } = await read(answer);
  const events = eventsIn(text);
  assert.equal(whole, true);
  assert.equal(textOf(events), "Hello world!");
  assert.equal(text.trimEnd().endsWith("data: [DONE]"), true);
  assert.deepEqual([...new Set(events.map(({ id }) => id))], ["msg_1"]);
  assert.equal(events.filter(({ choices }) => choices[0]?.delta.role).length, 1);
  assert.deepEqual(sentTo(second).messages, [
    { role: "user", content: "Greet the world." },
    { role: "assistant", content: "Hello wor" },
  ]);
  const { call, outcome } = await gateway.ended(1);
  assert.deepEqual([outcome.status, outcome.result], [200, "complete"]);
  assert.deepEqual(call.notes.get("continue"), { continued: 1 });
  assert.deepEqual([call.target?.upstream.name, call.model], ["up2", model]);
  await until(() => ends.length === 2);
  assert.deepEqual(ends, ["up1 broken", "up2 complete"]);
  // Both requests, and the words of the first by estimate: it told only that it began.
  const { usage } = outcome;
  assert.equal(usage?.outputTokens !== undefined && usage.outputTokens > 7, true);
  assert.equal(usage?.inputTokens !== undefined && usage.inputTokens > 10, true);
});

deferTest("a stream in the client's own protocol goes on as well", async (defer) => {
  const first = await streaming(defer, (res) => stream(res, anthropicEvents(["Hello", " wor"]), "cut"));
  const second = await streaming(defer, (res) => stream(res, anthropicEvents(["ld!", "END"], "msg_2")));
  const { gateway } = await setUp(defer, [
    ["anthropic", first],
    ["anthropic", second],
  ]);
  const { text, whole } = await read(await ask(gateway, {}, "/v1/messages"));
  assert.equal(whole, true);
  const types = [...text.matchAll(/^event: (\w+)/gm)].map(([, type]) => type);
  assert.deepEqual(types, [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_delta",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  assert.match(text, /"id":"msg_1"/);
  assert.equal(sentTo(second)["model"], model);
  // The first request went as it came.
  assert.deepEqual(sentTo(first), { model, messages, max_tokens: 100, stream: true });
});

deferTest("a vendor that has to be told is told", async (defer) => {
  const first = await streaming(defer, (res) => stream(res, openaiEvents(["Hello", " wor"]), "cut"));
  const second = await streaming(defer, (res) => stream(res, openaiEvents(["ld!", "END"], "chatcmpl-2")));
  const { gateway } = await setUp(defer, [
    ["mistral", first],
    ["mistral", second],
  ]);
  const { text, whole } = await read(await ask(gateway));
  assert.equal(whole, true);
  assert.equal(textOf(eventsIn(text)), "Hello world!");
  assert.deepEqual(sentTo(second).messages.at(-1), { role: "assistant", content: "Hello wor", prefix: true });
  assert.ok(Number(sentTo(second)["max_tokens"]) < 100);
});

deferTest(
  "a target that cannot be given a beginning is passed over; with none the stream breaks",
  async (defer) => {
    const first = await streaming(defer, (res) => stream(res, anthropicEvents(["Hello"]), "cut"));
    const cannot = await streaming(defer, (res) => stream(res, openaiEvents(["Hi!", "END"])));
    const can = await streaming(defer, (res) => stream(res, anthropicEvents([" world!", "END"])));
    const { gateway } = await setUp(defer, [
      ["anthropic", first],
      ["openai", cannot],
      ["anthropic", can],
    ]);
    const { text } = await read(await ask(gateway));
    assert.equal(textOf(eventsIn(text)), "Hello world!");
    assert.equal(cannot.requests.length, 0);

    const none = await setUp(defer, [
      ["anthropic", first],
      ["openai", cannot],
    ]);
    const broken = await read(await ask(none.gateway));
    assert.equal(broken.whole, false);
    assert.equal(textOf(eventsIn(broken.text)), "Hello");
    assert.equal(cannot.requests.length, 0);
    const { call, outcome } = await none.gateway.ended(1);
    assert.deepEqual([outcome.result, call.notes.get("continue")], ["broken", undefined]);
  },
);

deferTest("nothing was said yet: any target may begin", async (defer) => {
  const first = await streaming(defer, (res) => stream(res, anthropicEvents([]), "cut"));
  const second = await streaming(defer, (res) => stream(res, openaiEvents(["Hi!", "END"])));
  const { gateway } = await setUp(defer, [
    ["anthropic", first],
    ["openai", second],
  ]);
  const { text, whole } = await read(await ask(gateway));
  assert.deepEqual([whole, textOf(eventsIn(text))], [true, "Hi!"]);
  assert.deepEqual(sentTo(second).messages, messages);
});

for (const [what, piece] of [
  ["a tool's call that had begun", { tool: "wave" }],
  ["a thought that nothing was said after", { thought: "Hm" }],
] as const) {
  deferTest(`${what} is not continued`, async (defer) => {
    const first = await streaming(defer, (res) => stream(res, anthropicEvents([piece]), "cut"));
    const second = await streaming(defer, (res) => stream(res, anthropicEvents(["Hi!", "END"])));
    const { gateway } = await setUp(defer, [
      ["anthropic", first],
      ["anthropic", second],
    ]);
    const { whole } = await read(await ask(gateway));
    assert.deepEqual([whole, second.requests.length], [false, 0]);
  });
}

deferTest("an error in the stream: what came with it is not lost, and not said twice", async (defer) => {
  const first = await streaming(defer, (res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    const [begin = "", rest = ""] = splitBehind(anthropicEvents(["Hel", "lo "]), "Hel");
    res.write(begin, () => setTimeout(() => res.end(rest + overloaded), 20));
  });
  const second = await streaming(defer, (res) => stream(res, anthropicEvents([" world!", "END"])));
  const { gateway } = await setUp(defer, [
    ["anthropic", first],
    ["anthropic", second],
  ]);
  const { text, whole } = await read(await ask(gateway));
  assert.equal(whole, true);
  assert.equal(textOf(eventsIn(text)), "Hello world!");
  assert.deepEqual(sentTo(second).messages.at(-1), { role: "assistant", content: "Hello" });
});

/** A text in two, behind the event that holds a word. */
function splitBehind(text: string, word: string): [string, string] {
  const at = text.indexOf("\n\n", text.indexOf(`"${word}"`)) + 2;
  return [text.slice(0, at), text.slice(at)];
}

deferTest("as often as it may be, and no further; one that refuses is passed over", async (defer) => {
  const first = await streaming(defer, (res) => stream(res, anthropicEvents(["one"]), "cut"));
  const refusing = await streaming(defer, (res) => void res.writeHead(500).end());
  const second = await streaming(defer, (res) => stream(res, anthropicEvents([" two"]), "cut"));
  const third = await streaming(defer, (res) => stream(res, anthropicEvents([" three", "END"])));
  const all: [Provider, TestUpstream][] = [first, refusing, second, third].map((one) => ["anthropic", one]);
  const { gateway, ends } = await setUp(defer, all, { times: 2 });
  const { text, whole } = await read(await ask(gateway));
  assert.deepEqual([whole, textOf(eventsIn(text))], [true, "one two three"]);
  const { call } = await gateway.ended(1);
  assert.deepEqual(call.notes.get("continue"), { continued: 2 });
  await until(() => ends.length === 4);
  assert.deepEqual(ends, ["up1 broken", "up2 complete", "up3 broken", "up4 complete"]);

  const once = await setUp(defer, all, { times: 1 });
  const broken = await read(await ask(once.gateway));
  assert.deepEqual([broken.whole, textOf(eventsIn(broken.text))], [false, "one two"]);
});

deferTest("the stream that won over another goes on as well", async (defer) => {
  const hanging = await streaming(defer, () => {});
  const first = await streaming(defer, (res) => stream(res, anthropicEvents(["Hello"]), "cut"));
  const second = await streaming(defer, (res) => stream(res, anthropicEvents([" world!", "END"], "msg_2")));
  const upstreams: [Provider, TestUpstream][] = [hanging, first, second].map((one) => ["anthropic", one]);
  const { gateway, ends } = await setUp(defer, upstreams, {}, { hedge: { after: "10ms", ratio: 1 } });
  const { text, whole } = await read(await ask(gateway));
  assert.deepEqual([whole, textOf(eventsIn(text))], [true, "Hello world!"]);
  const { call, outcome } = await gateway.ended(1);
  assert.deepEqual([call.target?.upstream.name, outcome.result], ["up3", "complete"]);
  await until(() => ends.length === 3);
  assert.deepEqual(ends.toSorted(), ["up1 cancelled", "up2 broken", "up3 complete"]);
});

deferTest("the client leaves while the rest is awaited: nothing goes on", async (defer) => {
  const first = await streaming(defer, (res) => stream(res, anthropicEvents(["Hello"]), "cut"));
  let cut = false;
  const second = await streaming(defer, (res) => void res.on("close", () => (cut = true)));
  const { gateway } = await setUp(defer, [
    ["anthropic", first],
    ["anthropic", second],
  ]);
  const leaving = new AbortController();
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, messages, stream: true }),
    signal: leaving.signal,
  });
  await until(() => second.requests.length === 1);
  leaving.abort();
  await read(answer);
  await until(() => cut);
  const { outcome } = await gateway.ended(1);
  assert.equal(outcome.result, "client-gone");
});

deferTest("without the plugin a stream breaks, and passes untouched", async (defer) => {
  const first = await streaming(defer, (res) => stream(res, anthropicEvents(["Hello"]), "cut"));
  const second = await streaming(defer, (res) => stream(res, anthropicEvents(["!", "END"])));
  const { gateway } = await setUp(
    defer,
    [
      ["anthropic", first],
      ["anthropic", second],
    ],
    false,
  );
  const { text, whole } = await read(await ask(gateway, {}, "/v1/messages"));
  assert.deepEqual([whole, text.startsWith(anthropicEvents(["Hello"]))], [false, true]);
});
