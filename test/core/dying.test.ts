import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { test } from "node:test";
import { chatAnswer, sendJson, startGateway, until } from "../_gateway.ts";
import { freePort } from "../_redis.ts";
import type { Call } from "../../core/index.ts";

/** A service that takes its time, dies with all of its connections, and comes back at the same address. */
class Mortal {
  #inFlight = 0;
  /** The most calls that it had at once. */
  busiest = 0;
  #server: Server | undefined;
  #port: number | undefined;

  async start(): Promise<string> {
    this.#port ??= await freePort();
    const server = createServer((req, res) => {
      this.busiest = Math.max(this.busiest, ++this.#inFlight);
      res.on("close", () => this.#inFlight--);
      req.resume().on("end", () => setTimeout(() => sendJson(res, 200, chatAnswer()), 20));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
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
  const inFlight = new Set<Call>();
  gateway.gateway.context.hooks.hook("call:start", (call) => void inFlight.add(call));
  gateway.gateway.context.hooks.hook("call:finish", (call, { status }) => {
    inFlight.delete(call);
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
    await until(() => calls >= before + more, 60_000);
  };
  try {
    await some(300);
    const share = of("up-0") / [...attempts.values()].reduce((sum, count) => sum + count, 0);
    assert.ok(share > 0.3 && share < 0.37, `its share was ${share}`);
    const hit = [...inFlight].filter((call) => call.attempts.at(-1)?.target.upstream.name === "up-0").length;
    const before = retried;
    const died = performance.now();
    // The rests double: their number is below that of the seconds.
    const probes = (): number => 2 + (performance.now() - died) / 1000;
    await mortal.die();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    // Those in flight, the few that make the breaker open, and one for each probe.
    const lost = retried - before;
    const most = Math.max(hit, mortal.busiest) + 5 + probes();
    assert.ok(lost <= most, `${lost} calls were retried, it had ${mortal.busiest} at once`);
    const dead = of("up-0");
    await some(300);
    const left = of("up-0") - dead;
    assert.ok(left < probes(), `of 300 calls it was asked for ${left}`);
    await mortal.start();
    const back = of("up-0");
    await until(() => of("up-0") > back + 100, 120_000);
    assert.deepEqual([...statuses], [200]);
  } finally {
    stop.abort();
    await load;
    await gateway.close();
    await Promise.all(services.map((service) => service.die()));
  }
});
