import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { convertFolder } from "../../../plugins/chat-log/convert.node.ts";
import { localDay } from "../../../plugins/chat-log/entry.ts";
import { printable } from "../../../plugins/chat-log/print.ts";
import { chatAnswer, sendJson, startGateway, startUpstream, until } from "../../_gateway.ts";

const callerKey = "sk-caller-0123456789abcdef";
const messages = [
  { role: "system", content: "be short" },
  { role: "user", content: [{ type: "text", text: "hello" }] },
];

type Line = Record<string, unknown>;
type Handler = Parameters<typeof startUpstream>[0];

/** Runs calls against a gateway that keeps chats in a folder. */
async function chatsOf(
  {
    options = {},
    handler = (_, res) => sendJson(res, 200, chatAnswer()),
  }: { options?: object; handler?: Handler },
  calls: (url: string) => Promise<unknown>,
  look: (folder: string) => Promise<void> = async () => {},
): Promise<Line[]> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-chats-"));
  const upstream = await startUpstream(handler);
  const gateway = await startGateway({
    upstreams: [{ provider: "openai", baseURL: `${upstream.url}/v1`, models: ["gpt-4o"], keys: ["sk-up"] }],
    keys: [{ key: callerKey, name: "team-a" }],
    plugins: [{ "chat-log": { path: join(folder, "chat"), ...options } }, { retry: { attempts: 1 } }],
  });
  try {
    await calls(gateway.url);
    await until(() => gateway.gateway.inFlight === 0);
  } finally {
    await gateway.close();
    await upstream.close();
  }
  try {
    await look(folder);
    return await linesIn(join(folder, "chat"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** All lines of the files in a folder, each in that of its own day: midnight may pass meanwhile. */
async function linesIn(folder: string): Promise<Line[]> {
  const lines: Line[] = [];
  const files = await readdir(folder).catch(() => []);
  for (const file of files.sort()) {
    for (const line of (await readFile(join(folder, file), "utf8")).split("\n").filter(Boolean)) {
      const entry = JSON.parse(line) as Line;
      const time = new Date(String(entry["time"] ?? entry["datetime"]));
      assert.equal(file, `chat-${localDay(time)}.jsonl`);
      lines.push(entry);
    }
  }
  return lines;
}

function post(
  url: string,
  body: object,
  init: RequestInit = {},
  path = "/v1/chat/completions",
): Promise<Response> {
  return fetch(url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${callerKey}`, "content-type": "application/json", ...init.headers },
    body: JSON.stringify({ model: "gpt-4o", messages, ...body }),
    ...(init.signal && { signal: init.signal }),
  });
}

const delta = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;

function withoutTimes({ time, id, ...rest }: Line): Line {
  assert.ok(Math.abs(Date.now() - Date.parse(String(time))) < 60_000);
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  return rest;
}

const asked = {
  model: "gpt-4o",
  key: "team-a",
  ip: "127.0.0.1",
  messages: [{ system: "be short" }, { user: "hello" }],
};

test("a conversation is one line, in a file of the day that only its owner may read", async () => {
  const lines = await chatsOf(
    {},
    async (url) => (await post(url, {})).text(),
    async (folder) => {
      const [file = ""] = await readdir(join(folder, "chat"));
      assert.match(file, /^chat-\d{4}-\d\d-\d\d\.jsonl$/);
      assert.equal((await stat(join(folder, "chat", file))).mode & 0o777, 0o600);
    },
  );
  assert.deepEqual(lines.map(withoutTimes), [{ ...asked, answer: "Hello!", status: 200 }]);
  const order = ["time", "id", "model", "key", "ip", "messages", "answer", "status"];
  assert.deepEqual(Object.keys(lines[0] ?? {}), order);
});

test("a stream is joined", async () => {
  const handler: Handler = (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.end(`${delta("Hel")}${delta("lo, 世")}${delta("界")}data: [DONE]\n\n`);
  };
  const lines = await chatsOf({ handler }, async (url) => (await post(url, { stream: true })).text());
  assert.deepEqual(lines.map(withoutTimes), [{ ...asked, answer: "Hello, 世界", status: 200 }]);
});

test("an answer whose upstream broke is kept as far as it came", async () => {
  const handler: Handler = (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(delta("Hel"), () => setTimeout(() => res.destroy(), 20));
  };
  const lines = await chatsOf({ handler }, async (url) => {
    await assert.rejects((await post(url, { stream: true })).text());
  });
  assert.deepEqual(lines.map(withoutTimes), [{ ...asked, answer: "Hel", status: 200, partial: true }]);
});

test("an answer whose client left is kept as far as it came", async () => {
  const handler: Handler = (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(delta("Hel"));
  };
  const lines = await chatsOf({ handler }, async (url) => {
    const leave = new AbortController();
    const response = await post(url, { stream: true }, { signal: leave.signal });
    await response.body?.getReader().read();
    leave.abort();
  });
  assert.deepEqual(lines.map(withoutTimes), [{ ...asked, answer: "Hel", status: 499, partial: true }]);
});

test("refused calls and other operations are not kept", async () => {
  const lines = await chatsOf({}, async (url) => {
    await (await post(url, {}, { headers: { authorization: "Bearer wrong" } })).text();
    await (await post(url, { input: "text" }, {}, "/v1/embeddings")).text();
  });
  assert.deepEqual(lines, []);
});

test("operations and paths choose what is kept", async () => {
  const lines = await chatsOf({ options: { operations: ["embeddings"], paths: ["/v1/e*"] } }, async (url) => {
    await (await post(url, {})).text();
    await (await post(url, { messages: undefined, input: "text" }, {}, "/v1/embeddings")).text();
  });
  assert.deepEqual(
    lines.map((line) => line["messages"]),
    [[{ user: "text" }]],
  );
});

test("in openai-forward's words, and back through the conversion", async () => {
  let converted: unknown;
  const headers = { "x-forwarded-for": "1.2.3.4" };
  const lines = await chatsOf(
    { options: { format: "openai-forward" } },
    async (url) => (await post(url, {}, { headers })).text(),
    async (folder) => {
      const output = join(folder, "chat.json");
      await convertFolder(join(folder, "chat"), output);
      converted = JSON.parse(await readFile(output, "utf8"));
    },
  );
  const { datetime, uid, ...rest } = lines[0] ?? {};
  assert.match(String(datetime), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.match(String(uid), /^[0-9a-f-]{36}$/);
  const said = { model: "gpt-4o", messages: asked.messages, assistant: "Hello!" };
  assert.deepEqual(rest, { "forwarded-for": "1.2.3.4", ...said });
  assert.deepEqual(Object.keys(lines[0] ?? {}), [
    "datetime",
    "forwarded-for",
    "model",
    "messages",
    "assistant",
    "uid",
  ]);
  assert.deepEqual(converted, [{ datetime, "forwarded-for": "1.2.3.4", ...said }]);
});

test("a path with an extension is one file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-chats-"));
  const path = join(folder, "all.log");
  await chatsOf({ options: { path } }, async (url) => {
    await (await post(url, {})).text();
    await (await post(url, {})).text();
  });
  assert.equal((await readFile(path, "utf8")).trimEnd().split("\n").length, 2);
  await rm(folder, { recursive: true });
});

test("a conversation is printed without what would steer the terminal", () => {
  const entry = {
    time: "2026-11-21T12:00:00.000Z",
    id: "1",
    model: "gpt-4o",
    key: "team-a",
    messages: [{ user: "a\u001b[2J\r\nb" }],
    answer: "c\td",
    status: 499,
    partial: true as const,
  };
  assert.equal(
    printable(entry),
    "── 2026-11-21T12:00:00.000Z gpt-4o key=team-a\nuser: a[2J\nb\nassistant: c\td [cut off]",
  );
});
