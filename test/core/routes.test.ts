import assert from "node:assert/strict";
import { test } from "node:test";
import { HTTPError } from "h3";
import { createGateway, definePlugin, GatewayError } from "../../config/index.ts";
import { builtin } from "../../plugins/index.ts";
import { listen } from "../_listen.ts";

const failing = definePlugin({
  name: "failing",
  setup: (_options, gateway) => ({
    routes(app) {
      app.get("/own/refused", () => {
        throw new GatewayError("Not today.", { status: 429, code: "not_today", retryAfter: 3 });
      });
      app.get("/own/broken", async () => {
        throw new Error("the password is hunter2");
      });
      app.get("/own/h3", () => {
        throw new HTTPError({ status: 418, message: "Short and stout." });
      });
      app.get("/own/me", async (event) => (await gateway.authenticate(event.req)).name);
    },
  }),
});

async function withRoutes(
  config: object,
  check: (url: string, told: string[]) => Promise<void>,
): Promise<void> {
  const told: string[] = [];
  const say = (text: string, ...data: unknown[]): void =>
    void told.push([text, ...data].map(String).join(" "));
  const gateway = await createGateway(
    { extends: [], upstreams: [{ provider: "demo", prefix: "/own", models: ["demo"] }], ...config },
    {
      log: { debug: say, info: say, warn: say, error: say },
      registry: { plugins: { ...builtin, failing: () => Promise.resolve({ default: failing }) } },
    },
  );
  const server = await listen(gateway);
  try {
    await check(server.url, told);
  } finally {
    await server.close();
    await gateway.close(1000);
  }
}

test("what a route throws is answered as any refusal, and tells nothing that it should not", () =>
  withRoutes({ plugins: ["failing"] }, async (url, told) => {
    const refused = await fetch(`${url}/own/refused`);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("retry-after"), "3");
    assert.deepEqual(await refused.json(), {
      error: { message: "Not today.", type: "rate_limit_error", param: null, code: "not_today" },
    });
    assert.deepEqual(told, []);

    const broken = await fetch(`${url}/own/broken`);
    assert.equal(broken.status, 500);
    assert.deepEqual(await broken.json(), {
      error: {
        message: "The gateway failed to handle this call.",
        type: "server_error",
        param: null,
        code: "internal_error",
      },
    });
    assert.deepEqual(told, ["A route of a plugin failed. Error: the password is hunter2"]);

    const own = await fetch(`${url}/own/h3`);
    assert.equal(own.status, 418);
    assert.equal(((await own.json()) as { message: string }).message, "Short and stout.");
  }));

test("a route learns who sent a request", () =>
  withRoutes({ plugins: ["auth", "failing"], keys: [{ key: "sk-1", name: "team" }] }, async (url) => {
    const known = await fetch(`${url}/own/me`, { headers: { "x-api-key": "sk-1" } });
    assert.equal(await known.text(), "team");
    assert.equal((await fetch(`${url}/own/me`, { headers: { "x-api-key": "sk-2" } })).status, 401);
  }));

test("where no plugin tells who sent a request, nobody is let in", () =>
  withRoutes({ plugins: ["failing"] }, async (url) => {
    assert.equal((await fetch(`${url}/own/me`)).status, 403);
  }));
