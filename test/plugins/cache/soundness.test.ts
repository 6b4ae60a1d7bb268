import assert from "node:assert/strict";
import { test } from "node:test";
import { isSound } from "../../../plugins/cache/soundness.ts";
import anthropic from "../../../plugins/protocols/anthropic/index.ts";
import ollama from "../../../plugins/protocols/ollama/index.ts";
import type { Call, Plugin, Protocol } from "../../../core/index.ts";

async function protocolOf(plugin: Plugin): Promise<Protocol> {
  return (await plugin.setup({}, {} as never)).protocol as Protocol;
}

const lines = await protocolOf(ollama);
const events = await protocolOf(anthropic);
const piece = '{"message":{"role":"assistant","content":"Hi"},"done":false}\n';
const last = '{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n';
const start = 'event: message_start\ndata: {"type":"message_start"}\n\n';
const stop = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';

const cases: [name: string, protocol: Protocol, contentType: string, body: string, sound: boolean][] = [
  ["lines with their last", lines, "application/x-ndjson", piece + last, true],
  ["lines without their last", lines, "application/x-ndjson", piece, false],
  ["lines with an error", lines, "application/x-ndjson", `${piece}{"error":"failed"}\n`, false],
  ["an answer in one piece, of a protocol of lines", lines, "application/json", last, true],
  ["an error in one piece", lines, "application/json", '{"error":"failed"}', false],
  ["events with their last", events, "text/event-stream", start + stop, true],
  ["events without their last", events, "text/event-stream", start, false],
  ["events with an error", events, "text/event-stream", `${start}event: error\ndata: {}\n\n${stop}`, false],
];

for (const [name, protocol, contentType, body, sound] of cases) {
  test(`worth serving again, or not: ${name}`, () => {
    const answer = { status: 200, contentType, encoding: "", streaming: contentType === "text/event-stream" };
    const call = { answer, protocol } as unknown as Call;
    assert.equal(isSound(call, new TextEncoder().encode(body)), sound);
  });
}
