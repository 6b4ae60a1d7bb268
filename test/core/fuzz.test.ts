import assert from "node:assert/strict";
import { connect } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { until } from "../_gateway.ts";
import { afterTurns } from "../_patience.ts";
import { Dice, hostileRequest } from "./_fuzz.ts";
import { exchange, statuses, withServed } from "./_served.ts";

const key = "sk-client-0123456789";
const seed = Number(process.env["SLUICE_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const count = 300;
/** At once, on connections of their own. */
const lanes = 10;

/** ms after which a client that hears nothing hangs up, and those that a server may then still take. */
const patience = 400;
const grace = 60_000;

/** Of a coding or an extension that is not known, a version of HTTP that is not, a ring of gateways: as they were asked for. */
const honest = new Set([501, 505, 508]);

const config = (url: string) => ({
  server: { requestTimeout: 200, maxBody: 64 * 1024 },
  upstreams: [
    { name: "own", provider: "openai", baseURL: `${url}/inside`, keys: ["up-secret"], models: ["gpt-4o"] },
    { name: "prefix", provider: "openai", baseURL: `${url}/inside`, keys: ["up-secret"], prefix: "/inside" },
  ],
  keys: [{ key, name: "client" }],
});

const events = 'data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n';
const stream = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${events.length}\r\n\r\n${events}`;
// One that other clients' protocols can be given, too: a broken path may be one of theirs.
const chat = JSON.stringify({
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
});
const small = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${chat.length}\r\n\r\n${chat}`;

/**
 * Sends bytes in one or two pieces, hangs up after an answer or a silence, and waits for the server to close.
 * Yields what came, or undefined when the server did not close.
 */
function provoke(port: number, bytes: Buffer, cut: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
      socket.write(bytes.subarray(0, cut));
      setTimeout(() => socket.write(bytes.subarray(cut)), 5);
    });
    // Not sooner where the machine is slow: who hangs up gets no answer.
    const stay = afterTurns(patience, () => socket.end());
    const giveUp = setTimeout(() => finish(undefined), patience + grace);
    const finish = (result: string | undefined): void => {
      stay();
      clearTimeout(giveUp);
      socket.destroy();
      resolve(result);
    };
    socket.on("data", (piece: Buffer) => {
      text += piece.toString("latin1");
      if (statuses(text).some((status) => status >= 200)) setTimeout(() => socket.end(), 10);
    });
    socket.on("error", () => {});
    socket.on("end", () => finish(text));
    socket.on("close", () => finish(text));
  });
}

test(`${count} broken requests end in an answer or a close (SLUICE_FUZZ_SEED=${seed})`, async () => {
  console.log(`SLUICE_FUZZ_SEED=${seed}`);
  const dice = new Dice(seed);
  const requests = Array.from({ length: count }, () => {
    const bytes = Buffer.from(hostileRequest(dice, key), "latin1");
    return { bytes, cut: dice.roll(2) ? bytes.length : dice.roll(bytes.length + 1) };
  });
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", onUnhandled);
  process.on("uncaughtException", onUnhandled);
  const { error: print } = console;
  console.error = onUnhandled;
  try {
    await withServed(
      config,
      async ({ port, gateway, messages }, upstream) => {
        const seen = new Map<number, number>();
        const lane = async (first: number): Promise<void> => {
          for (let i = first; i < requests.length; i += lanes) {
            const { bytes, cut } = requests[i] ?? assert.fail();
            const shown = `seed ${seed}, request ${i}, cut at ${cut}: ${JSON.stringify(bytes.toString("latin1").slice(0, 2000))}`;
            const text = await provoke(port, bytes, cut);
            assert(text !== undefined, `no end: ${shown}`);
            for (const status of statuses(text)) {
              seen.set(status, (seen.get(status) ?? 0) + 1);
              assert(status < 500 || honest.has(status), `${status}: ${shown}\n${text.slice(0, 1000)}`);
            }
          }
        };
        await Promise.all(Array.from({ length: lanes }, (_, first) => lane(first)));
        // The generator is worth something: some were taken, some were refused.
        assert((seen.get(200) ?? 0) > 1 && (seen.get(400) ?? 0) > 20, JSON.stringify([...seen]));
        assert.deepEqual(upstream.faults, [], `seed ${seed}`);
        for (const { target } of upstream.requests)
          assert.match(target, /^\/inside(?:[/?]|$)/, `seed ${seed}`);
        await until(() => gateway.inFlight === 0);
        const last = await exchange(
          port,
          "GET /healthz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n",
        );
        assert.deepEqual(statuses(last.text), [200]);
        assert.deepEqual(messages, [], `seed ${seed}`);
      },
      ({ body }) => (body.includes('"stream":true') ? stream : small),
    );
  } finally {
    console.error = print;
    process.off("unhandledRejection", onUnhandled);
    process.off("uncaughtException", onUnhandled);
  }
  assert.deepEqual(unhandled, [], `seed ${seed}`);
});
