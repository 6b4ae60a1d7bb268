import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { H3 } from "h3";
import { toNodeHandler } from "srvx/node";
import { createGateway } from "../../config/index.ts";
import { closeServer, listenOn, until } from "../_gateway.ts";
import { listen } from "../_listen.ts";

const config = {
  upstreams: [{ name: "demo", provider: "demo", models: ["demo"] }],
  plugins: [{ auth: { anonymous: true } }, { "request-log": false }],
};

/** Serves an app as its user would: with srvx on Node, by itself on Deno. */
async function serve(app: { fetch(request: Request): Response | Promise<Response> }) {
  if ("Deno" in globalThis) return listen({ fetch: async (request) => app.fetch(request) });
  const server = createServer(toNodeHandler(app.fetch) as Parameters<typeof createServer>[1]);
  return { url: await listenOn(server), close: () => closeServer(server) };
}

test("a gateway can be mounted into an h3 app, under a path of its own", async () => {
  const gateway = await createGateway(config);
  const app = new H3();
  app.mount("/ai", gateway);
  app.get("/", () => "home");
  const server = await serve(app);
  try {
    assert.equal(await (await fetch(server.url)).text(), "home");
    assert.deepEqual(await (await fetch(`${server.url}/ai/healthz`)).json(), { status: "ok" });
    const models = (await (await fetch(`${server.url}/ai/v1/models`)).json()) as { data: { id: string }[] };
    assert.deepEqual(
      models.data.map(({ id }) => id),
      ["demo"],
    );
    const body = JSON.stringify({ model: "demo", stream: true, messages: [{ role: "user", content: "Hi" }] });
    const streamed = await fetch(`${server.url}/ai/v1/chat/completions`, { method: "POST", body });
    assert.equal(streamed.headers.get("content-type"), "text/event-stream");
    assert.ok((await streamed.text()).endsWith("data: [DONE]\n\n"));
    const missing = await fetch(`${server.url}/ai/nothing`);
    assert.equal(missing.status, 404);
    assert.match(await missing.text(), /There is nothing at GET \/nothing/);
  } finally {
    await server.close();
    await gateway.close();
  }
});

test("a gateway answers without any server", async () => {
  const gateway = await createGateway(config);
  try {
    const body = JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hi" }] });
    const request = new Request("http://gateway/v1/chat/completions", { method: "POST", body });
    const response = await gateway.fetch(request);
    assert.equal(response.status, 200);
    const { model, choices } = (await response.json()) as { model: string; choices: unknown[] };
    assert.deepEqual([model, choices.length], ["demo", 1]);
    await until(() => gateway.inFlight === 0);
  } finally {
    await gateway.close();
  }
});

test("the body that an app put into a request counts, not the length that its headers tell", async () => {
  const gateway = await createGateway({ ...config, server: { maxBody: 100_000 } });
  const send = async (content: string): Promise<number> => {
    const body = JSON.stringify({ model: "demo", messages: [{ role: "user", content }] });
    const headers = { "content-length": "10", "content-type": "application/json" };
    const request = new Request("http://gateway/v1/chat/completions", { method: "POST", headers, body });
    const { status, body: answer } = await gateway.fetch(request);
    await answer?.cancel();
    return status;
  };
  try {
    assert.equal(await send("a".repeat(50_000)), 200);
    assert.equal(await send("a".repeat(200_000)), 413);
  } finally {
    await gateway.close();
  }
});
