import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createState } from "../../core/state/index.ts";
import { Book } from "../../plugins/stats/book.ts";
import { count, emptyCounts } from "../../plugins/stats/counts.ts";
import { reportOf } from "../../plugins/stats/report.ts";
import type { Call, GatewayContext, Outcome, State } from "../../core/index.ts";
import { chatAnswer, sendJson, startGateway, startUpstream, until } from "../_gateway.ts";

const hour = 3_600_000;
const done = { result: "complete" } as Outcome;

/** Books of one state, as processes would have them, at a time that the test sets. */
function desk(state: State): { at: { now: number }; open(): Book } {
  const at = { now: 500_000 * hour };
  const clock = { now: () => at.now, tick: () => at.now, random: () => 0, after: () => () => {} };
  return { at, open: () => new Book({ state, clock } as unknown as GatewayContext) };
}

function callOf(model: string, statuses: number[]): Call {
  const attempts = statuses.map((status) => ({ status, target: { upstream: { name: "up" } } }));
  const endpoint = { path: "/v1/chat/completions" };
  return { attempts, askedModel: model, method: "POST", endpoint, ip: "192.0.2.1" } as unknown as Call;
}

test("books of several processes are added up, by the hours that are asked for", async () => {
  const state = await createState({}, {});
  const { at, open } = desk(state);
  const [one, other] = [open(), open()];
  one.record(callOf("old", [200]), done);
  at.now += 3 * hour;
  one.record(callOf("a", [500, 200]), done);
  other.record(callOf("a", [200]), { ...done, result: "broken" });
  await other.write();
  assert.deepEqual(Object.fromEntries((await one.sum(2)).models), { a: 2 });
  assert.deepEqual(Object.fromEntries((await one.sum(24)).models), { old: 1, a: 2 });
  const report = reportOf(await open().sum(2), 2);
  assert.deepEqual(report.channel_model_success_rates, [
    { provider: "up", model: "a", success_rate: 1 / 3, total_requests: 3 },
  ]);
  await state.close();
});

test("what is older than 30 days goes", async () => {
  const state = await createState({}, {});
  const { at, open } = desk(state);
  const book = open();
  book.record(callOf("old", [200]), done);
  await book.write();
  at.now += 721 * hour;
  book.record(callOf("new", [200]), done);
  await book.write();
  assert.equal((await state.storage.getKeys("stats")).length, 1);
  await state.close();
});

test("names that clients make up are bounded", () => {
  const { models } = emptyCounts();
  for (let i = 0; i < 10_500; i++) count(models, `model-${i}`);
  assert.equal(models.size, 10_001);
  assert.equal(models.get("others"), 500);
});

test("with an fs state, counts outlive a restart", async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-stats-"));
  const upstream = await startUpstream((_, res) => sendJson(res, 200, chatAnswer()));
  const config = {
    state: { driver: "fs", path },
    upstreams: [{ name: "up", provider: "openai", baseURL: upstream.url, key: "k", models: ["gpt-4o"] }],
    keys: [{ key: "sk-admin", role: "admin" }],
    plugins: ["stats"],
  };
  const headers = { authorization: "Bearer sk-admin", "content-type": "application/json" };
  try {
    for (const calls of [1, 2]) {
      const gateway = await startGateway(config);
      const body = JSON.stringify({ model: "gpt-4o", messages: [] });
      await (await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", headers, body })).text();
      // A call may end after its answer was read.
      await until(() => gateway.gateway.inFlight === 0);
      const stats = (await (await fetch(`${gateway.url}/v1/stats`, { headers })).json()) as {
        model_request_counts: object[];
      };
      assert.deepEqual(stats.model_request_counts, [{ model: "gpt-4o", count: calls }]);
      await gateway.close();
    }
  } finally {
    await upstream.close();
    await rm(path, { recursive: true, force: true });
  }
});
