import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readAlong } from "../../core/read-along.ts";
import type { AnswerFacts } from "../../core/call.ts";
import type { Protocol } from "../../core/protocol.ts";
import type { Usage } from "../../core/usage.ts";

const broken: Protocol = {
  name: "broken",
  endpoints: [],
  renderError: () => "",
  readUsage: () => fail(),
  readStream: () => ({ event: fail, usage: fail, text: fail, outputEvents: fail, ended: () => false }),
};

function fail(): never {
  throw new Error("a mistake in the protocol");
}

const stream = new TextEncoder().encode("data: {}\n\n".repeat(3000));
const answers: [name: string, contentType: string, encoding: string, body: Uint8Array][] = [
  ["a stream", "text/event-stream", "", stream],
  ["a compressed stream", "text/event-stream", "gzip", gzipSync(stream)],
  ["an answer in one piece", "application/json", "", new TextEncoder().encode("{}")],
];

for (const [name, contentType, encoding, body] of answers) {
  test(`a protocol that fails to read ${name} is told of once, and stops nothing`, async () => {
    const errors: unknown[] = [];
    const facts: AnswerFacts = {
      status: 200,
      contentType,
      encoding,
      streaming: contentType !== "application/json",
    };
    const along = readAlong(broken, facts, false, (error) => errors.push(error));
    along?.chunk(body);
    await along?.end();
    assert.deepEqual([along?.usage(), along?.text(), along?.outputEvents()], [undefined, "", 0]);
    assert.deepEqual(errors.map(String), ["Error: a mistake in the protocol"]);
  });
}

const words: Protocol = {
  name: "words",
  endpoints: [],
  renderError: () => "",
  usageField: "usage",
  readUsage: (answer) => (answer as { usage?: Usage }).usage,
  readText: (answer) => (answer as { text: string }).text,
  readStream() {
    const seen: string[] = [];
    return {
      event: (data) => void seen.push(data),
      usage: () => undefined,
      text: () => seen.join("|"),
      outputEvents: () => seen.length,
      ended: () => true,
    };
  },
};
const streamFacts: AnswerFacts = {
  status: 200,
  contentType: "text/event-stream",
  encoding: "",
  streaming: true,
};

function unexpected(error: unknown): never {
  throw new Error("nothing should fail", { cause: error });
}

for (const lineEnd of ["\n", "\r\n", "\r"]) {
  for (const size of [1, 7, 4096, 100_000]) {
    test(`a stream in pieces of ${size} with ${JSON.stringify(lineEnd)} is read as it was written`, async () => {
      const events = Array.from({ length: 3000 }, (_, i) => `wört ${i} 😀`);
      const text = events.map((event) => `data: ${event}${lineEnd}${lineEnd}`).join("");
      const bytes = new TextEncoder().encode(text);
      const along = readAlong(words, streamFacts, true, unexpected);
      for (let at = 0; at < bytes.length; at += size) along?.chunk(bytes.subarray(at, at + size));
      await along?.end();
      assert.equal(along?.text(), events.join("|"));
    });
  }
}

test("a line that never ends is given up, and holds no memory", async () => {
  const along = readAlong(words, streamFacts, false, unexpected);
  const piece = new TextEncoder().encode("x".repeat(64 * 1024));
  for (let i = 0; i < 100; i++) along?.chunk(piece);
  along?.chunk(new TextEncoder().encode("\n\ndata: late\n\n"));
  await along?.end();
  assert.equal(along?.outputEvents(), 0);
});

for (const collect of [false, true]) {
  test(`an answer's usage is read ${collect ? "with its text" : "alone"}`, async () => {
    const facts = { ...streamFacts, contentType: "application/json", streaming: false };
    const along = readAlong(words, facts, collect, unexpected);
    for (const part of ['{"text":"a \\"usage\\"","usage":{"inputTokens":1,', '"outputTokens":2},"tier":1}'])
      along?.chunk(new TextEncoder().encode(part));
    await along?.end();
    assert.deepEqual(along?.usage(), { inputTokens: 1, outputTokens: 2 });
    assert.equal(along?.text(), collect ? 'a "usage"' : "");
  });
}

test("of an answer too long to be kept, the usage behind it is read", async () => {
  const facts: AnswerFacts = { status: 200, contentType: "application/json", encoding: "", streaming: false };
  const read = async (text: string, collect = false): Promise<Usage | undefined> => {
    const along = readAlong(words, facts, collect, (error) => assert.fail(String(error)));
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += 10_000) along?.chunk(bytes.subarray(at, at + 10_000));
    await along?.end();
    return along?.usage();
  };
  const picture = "ä".repeat(3_000_000);
  const usage = { inputTokens: 7, outputTokens: 9 };
  const told = JSON.stringify(usage);
  assert.deepEqual(await read(`{"picture":"${picture}","usage":${told}}`), usage);
  assert.equal(await read(`{"usage":${told},"picture":"${picture}"}`), undefined);
  assert.equal(await read(`{"data":[{"picture":"${picture}","usage":${told}}]}`), undefined);
});
