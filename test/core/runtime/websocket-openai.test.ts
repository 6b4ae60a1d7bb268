import assert from "node:assert/strict";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { startGateway } from "../../_gateway.ts";
import { endings, key, startSocketUpstream } from "./_sockets.ts";

/** A session as the Realtime API holds it, as far as the client asks here. */
function converse(socket: import("ws").WebSocket): void {
  const say = (event: object): void =>
    socket.send(JSON.stringify({ event_id: crypto.randomUUID(), ...event }));
  say({ type: "session.created", session: { type: "realtime", object: "realtime.session" } });
  socket.on("message", (data) => {
    const event = JSON.parse(String(data)) as { type: string };
    if (event.type !== "response.create") return;
    say({ type: "response.output_text.delta", delta: "Hello " });
    say({ type: "response.output_text.delta", delta: "there" });
    say({ type: "response.done", response: { status: "completed" } });
  });
}

test("OpenAI's own realtime client works through the gateway, by model and by prefix", async () => {
  const upstream = await startSocketUpstream();
  upstream.onSocket = ({ socket }) => converse(socket);
  const gateway = await startGateway({
    upstreams: [
      {
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        forwardURL: upstream.url,
        keys: ["up-secret"],
        models: ["gpt-realtime"],
        prefix: "/openai",
      },
    ],
    keys: [{ key, name: "client" }],
  });
  const ended = endings(gateway);
  for (const path of ["/v1", "/openai/v1"]) {
    // The client asks for TLS whatever its base URL says; the gateway here speaks without.
    const createConnection = (): Socket => connect(Number(new URL(gateway.url).port), "127.0.0.1");
    const client = new OpenAI({ baseURL: gateway.url + path, apiKey: key });
    const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime", options: { createConnection } }, client);
    const closed = new Promise<number>((resolve) => realtime.socket.on("close", resolve));
    let text = "";
    await new Promise<void>((resolve, reject) => {
      realtime.on("error", reject);
      realtime.on("session.created", () => realtime.send({ type: "response.create" }));
      realtime.on("response.output_text.delta", ({ delta }) => (text += delta));
      realtime.on("response.done", () => resolve());
    });
    assert.equal(text, "Hello there");
    realtime.close({ code: 1000, reason: "thanks" });
    assert.equal(await closed, 1000);
    const { call, outcome } = await ended.next();
    assert.deepEqual([outcome.status, outcome.result], [101, "complete"]);
    assert.deepEqual([call.operation, call.model], ["realtime", "gpt-realtime"]);
  }
  for (const { url, headers } of upstream.handshakes) {
    assert.equal(url, "/v1/realtime?model=gpt-realtime");
    assert.equal(headers.authorization, "Bearer up-secret");
  }
  await gateway.close();
  await upstream.close();
});
