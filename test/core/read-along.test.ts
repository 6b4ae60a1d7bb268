import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readAlong } from "../../core/read-along.ts";
import type { AnswerFacts } from "../../core/call.ts";
import type { Protocol } from "../../core/protocol.ts";

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
