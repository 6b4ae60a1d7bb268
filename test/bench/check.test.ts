import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { checkChat, checkStream } from "./check.ts";
import type { Target } from "./call.ts";
import { chatAnswer, paceMs, sseEvents } from "./payloads.ts";

const json = { "content-type": "application/json" };
const stream = { "content-type": "text/event-stream" };

async function behind(
  answer: (response: ServerResponse) => unknown,
  work: (target: Target) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => answer(response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await work({ url: `http://127.0.0.1:${port}/v1/chat/completions`, headers: json });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function paced(response: ServerResponse, events: readonly string[]): Promise<void> {
  response.writeHead(200, stream);
  for (const event of events) {
    response.write(event);
    await delay(paceMs);
  }
  response.end();
}

test("a chat answer that holds all the upstream sent passes, with fields of the peer's own too", async () => {
  const answer = JSON.stringify({ ...JSON.parse(chatAnswer), provider: "peer" });
  await behind((response) => response.writeHead(200, json).end(answer), checkChat);
});

test("a chat answer that was changed, or has an error status, fails", async () => {
  const changed = chatAnswer.replace("sluice", "dam");
  await behind(
    (response) => response.writeHead(200, json).end(changed),
    (target) => assert.rejects(checkChat(target), /not what the upstream sent/),
  );
  await behind(
    (response) => response.writeHead(500, json).end(chatAnswer),
    (target) => assert.rejects(checkChat(target), /status 500/),
  );
});

test("a stream that arrives as it is sent passes", async () => {
  await behind((response) => paced(response, sseEvents), checkStream);
});

test("a stream that is cut short, or changed within, fails", async () => {
  await behind(
    (response) => paced(response, sseEvents.slice(0, -2)),
    (target) => assert.rejects(checkStream(target), /99 events, expected 101/),
  );
  const changed = sseEvents.map((event, index) => (index === 40 ? event.replace("word40", "word41") : event));
  await behind(
    (response) => paced(response, changed),
    (target) => assert.rejects(checkStream(target), /event 41 is not/),
  );
});

test("a stream that is held back and sent in one piece fails", async () => {
  await behind(
    (response) => response.writeHead(200, stream).end(sseEvents.join("")),
    (target) => assert.rejects(checkStream(target), /held back/),
  );
});
