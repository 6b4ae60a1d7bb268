import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { chatAnswer, sendJson, startGateway, until } from "../_gateway.ts";

/** A service that takes its time, dies with all of its connections, and comes back at the same address. */
class Mortal {
  #inFlight = 0;
  /** The most calls that it had at once. */
  busiest = 0;
  #server: Server | undefined;
  #port = 0;

  async start(): Promise<string> {
    const server = createServer((req, res) => {
      this.busiest = Math.max(this.busiest, ++this.#inFlight);
      res.on("close", () => this.#inFlight--);
      req.resume().on("end", () => setTimeout(() => sendJson(res, 200, chatAnswer()), 20));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return `http://127.0.0.1:${this.#port}`;
  }

  async die(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}

test("one of three upstreams that dies under load costs no call, is left alone, and comes back by itself", async () => {
  const services = [new Mortal(), new Mortal(), new Mortal()];
  const [mortal] = services as [Mortal];
  const urls = await Promise.all(services.map((service) => service.start()));
  const gateway = await startGateway({
    keys: ["sk-caller-0001"],
    upstreams: urls.map((url, i) => ({
      provider: "openai",
      name: `up-${i}`,
      baseURL: `${url}/v1`,
      key: "uk",
      models: ["gpt-4o"],
    })),
    plugins: [{ breaker: { rest: { first: "1s" } } }],
  });
  const attempts = new Map<string, number>();
  gateway.gateway.context.hooks.hook("attempt:finish", (_call, { target }) => {
    const { name } = target.upstream;
    attempts.set(name, (attempts.get(name) ?? 0) + 1);
  });
  const statuses = new Set<number>();
  let calls = 0;
  let retried = 0;
  gateway.gateway.context.hooks.hook("call:finish", (call, { status }) => {
    calls++;
    statuses.add(status);
    if (call.attempts.length > 1) retried++;
  });
  const headers = { authorization: "Bearer sk-caller-0001", "content-type": "application/json" };
  const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hi" }] });
  const stop = new AbortController();
  const caller = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const answer = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", headers, body });
      await answer.arrayBuffer();
    }
  };
  const load = Promise.all(Array.from({ length: 24 }, caller));
  const of = (name: string): number => attempts.get(name) ?? 0;
  const some = async (more: number): Promise<void> => {
    const before = calls;
    await until(() => calls >= before + more, 20_000);
  };
  try {
    await some(300);
    const share = of("up-0") / calls;
    assert.ok(share > 0.3 && share < 0.37, `its share was ${share}`);
    await mortal.die();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    // Those in flight, the few that make the breaker open, and one for each probe.
    const { busiest } = mortal;
    assert.ok(retried <= busiest + 5 + 3, `${retried} calls were retried, it had ${busiest} at once`);
    const [dead, all] = [of("up-0"), calls];
    await some(300);
    const left = (of("up-0") - dead) / (calls - all);
    assert.ok(left < 0.01, `its share is ${left}`);
    await mortal.start();
    const back = of("up-0");
    await until(() => of("up-0") > back + 100, 20_000);
    assert.deepEqual([...statuses], [200]);
  } finally {
    stop.abort();
    await load;
    await gateway.close();
    await Promise.all(services.map((service) => service.die()));
  }
});
