import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Canceller } from "../../core/cancel.ts";
import { GatewayError } from "../../core/errors.ts";
import { closeConnections, send } from "../../core/transport/undici.ts";
import type { TransportAnswer } from "../../core/transport/types.ts";
import { deferTest } from "../_defer.ts";
import type { Defer } from "../_defer.ts";

/** ms. */
const silence = 300;
/** ms; longer than a busy machine holds up a piece that comes. */
const longSilence = 3000;
/** Longer than a silence may last before it is noticed. */
const tooLong = 1200;

/** Sends a request to an upstream that answers as told. */
async function ask(
  defer: Defer,
  answer: (response: ServerResponse) => void,
  { firstByte = 60_000, silence: bound = silence } = {},
): Promise<TransportAnswer> {
  const server = createServer((_request, response) => answer(response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  defer(closeConnections);
  defer(async () => {
    server.closeAllConnections();
    server.close();
  });
  const timeouts = { connect: 10_000, firstByte, silence: bound, total: 0 };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return send(url, { method: "GET", headers: [], body: null, canceller: new Canceller(), timeouts });
}

/** What a body brings, and how it ends. */
function drink({ body }: TransportAnswer): { pieces: string[]; end: Promise<unknown> } {
  const pieces: string[] = [];
  const end = new Promise<unknown>((resolve) => {
    body.start({
      chunk: (chunk) => void pieces.push(new TextDecoder().decode(chunk)),
      end: () => resolve("whole"),
      fail: resolve,
    });
  });
  return { pieces, end };
}

for (const timeouts of [
  { firstByte: 0 },
  { firstByte: longSilence - 500, silence: longSilence },
  { firstByte: 60_000 },
]) {
  deferTest(`a body that falls silent fails: ${JSON.stringify(timeouts)}`, async (defer) => {
    const answer = await ask(defer, (response) => void response.writeHead(200).write("one"), timeouts);
    const { pieces, end } = drink(answer);
    const failure = await end;
    assert.ok(failure instanceof GatewayError);
    assert.equal(failure.code, "upstream_silence_timeout");
    assert.deepEqual(pieces, ["one"]);
  });
}

deferTest("one that falls silent before its first piece fails for who waits for that", async (defer) => {
  const answer = await ask(defer, (response) => response.writeHead(200).flushHeaders());
  await assert.rejects(answer.body.ready(), { code: "upstream_silence_timeout" });
});

deferTest("one that is not read may be silent, and is watched again once it is", async (defer) => {
  const answer = await ask(defer, (response) => void response.writeHead(200).write("one"));
  const { end } = drink(answer);
  answer.body.pause();
  assert.equal(await Promise.race([end, delay(tooLong, "paused")]), "paused");
  answer.body.resume();
  assert.equal(((await end) as GatewayError).code, "upstream_silence_timeout");
});

deferTest("one that comes slowly comes whole", async (defer) => {
  const slowly = (response: ServerResponse): void => {
    response.writeHead(200);
    const pieces = ["one", "two", "three", "four", "five", "six", "seven"];
    const timer = setInterval(() => {
      const piece = pieces.shift();
      if (piece !== undefined) return response.write(piece);
      clearInterval(timer);
      response.end();
    }, longSilence / 4);
  };
  const answer = await ask(defer, slowly, { silence: longSilence });
  const { pieces, end } = drink(answer);
  assert.equal(await end, "whole");
  assert.equal(pieces.join(" "), "one two three four five six seven");
});
