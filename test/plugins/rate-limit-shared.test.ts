import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { chatAnswer, sendJson, startGateway, startUpstream, until } from "../_gateway.ts";
import { snapshotSequence } from "../../core/state/snapshot.ts";
import { redisTest } from "../_redis.ts";
import { startSluice, type Sluice } from "../_sluice.ts";

/** Answers that wait to be sent: those to calls with `"held": true`. */
const held: ServerResponse[] = [];
/** The tokens of each answer, as `chatAnswer` tells them. */
const answerTokens = 22;

const upstream = await startUpstream((req, res) => {
  if (String(req.body).includes('"held":true')) held.push(res);
  else sendJson(res, 200, chatAnswer());
});
after(() => upstream.close());

function release(): void {
  for (const res of held.splice(0)) sendJson(res, 200, chatAnswer());
}

type Defer = (close: () => Promise<void>) => void;

function configOf(state: object, limits: string): object {
  return {
    extends: [],
    state,
    upstreams: [
      { provider: "openai", baseURL: `${upstream.url}/v1`, keys: ["sk-upstream"], models: ["gpt-4o"] },
    ],
    keys: [{ key: "sk-a", name: "a", limits: [limits] }],
    plugins: ["protocols/openai-chat", "auth", "rate-limit", "routing"],
  };
}

async function start(state: object, limits: string, defer: Defer): Promise<Sluice> {
  const sluice = await startSluice(configOf(state, limits));
  defer(sluice.kill);
  return sluice;
}

/** For what needs Redis all the time: on a machine that is overloaded it may be slow without being away. */
function patient(url: string): object {
  return { driver: "redis", url, commandTimeout: "5s" };
}

function startTwo(state: object, limits: string, defer: Defer): Promise<Sluice[]> {
  return Promise.all([start(state, limits, defer), start(state, limits, defer)]);
}

interface Answered {
  status: number;
  header(name: string): string;
}

/** One call, read to its end. Rejects when it gets no answer. */
async function call({ url }: Pick<Sluice, "url">, fields: object = {}): Promise<Answered> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-a" },
    body: JSON.stringify({ model: "gpt-4o", messages: [], ...fields }),
  });
  await response.arrayBuffer();
  return { status: response.status, header: (name) => response.headers.get(name) ?? "" };
}

function calls(to: readonly Sluice[], each: number, fields: object = {}): Promise<Answered>[] {
  return Array.from({ length: each }, () => to.map((sluice) => call(sluice, fields))).flat();
}

const withStatus = (answers: readonly Answered[], status: number) =>
  answers.filter((answer) => answer.status === status);

/** @param began of the first call, by `performance.now` */
function assertRefusals(refused: readonly Answered[], limit: string, began: number): void {
  // So much of the first call's minute may have been over when the last one came.
  const over = (performance.now() - began) / 1000;
  for (const { header } of refused) {
    const seconds = Number(header("retry-after"));
    assert.ok(seconds >= 58 - over && seconds <= 61, `retry-after ${seconds} after ${over} s`);
    assert.equal(header("x-ratelimit-limit-requests"), limit);
    assert.equal(header("x-ratelimit-remaining-requests"), "0");
    assert.match(header("x-ratelimit-reset-requests"), /^(?:1m[01]s|[1-5]?\ds)$/);
  }
}

/** Counts the scripts that Redis runs; nothing but scripts may count calls. */
async function watchScripts(url: string, defer: Defer): Promise<() => Promise<number>> {
  const admin = new Redis(url);
  defer(async () => admin.disconnect());
  await admin.config("RESETSTAT");
  return async () => {
    const stats = await admin.info("commandstats");
    const counts = new Map<string, number>();
    for (const [, name = "", count] of stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
      counts.set(name, Number(count));
    }
    const withinScripts = ["time", "get", "set", "del"];
    const own = ["info", "config|resetstat", "config"];
    const known = ["eval", "evalsha", ...withinScripts, ...own];
    assert.deepEqual(
      [...counts.keys()].filter((name) => !known.includes(name)),
      [],
    );
    return (counts.get("eval") ?? 0) + (counts.get("evalsha") ?? 0);
  };
}

redisTest(
  "of 1,000 calls at once to two processes under 100 a minute exactly 100 pass",
  async (redis, defer) => {
    const two = await startTwo(patient(redis.url), "100/min", defer);
    const scripts = await watchScripts(redis.url, defer);
    upstream.requests.length = 0;
    const began = performance.now();
    const answers = await Promise.all(calls(two, 500));
    assert.deepEqual(two.map(outageTold), [0, 0]);
    const passed = withStatus(answers, 200);
    const refused = withStatus(answers, 429);
    const statuses = [...new Set(answers.map(({ status }) => status))].join();
    assert.equal(passed.length, 100, `statuses ${statuses}`);
    assert.equal(refused.length, 900, `statuses ${statuses}`);
    assert.equal(upstream.requests.length, 100);
    assertRefusals(refused, "100", began);
    // Each call that passed took the next place, whichever process it came to.
    const left = passed.map(({ header }) => Number(header("x-ratelimit-remaining-requests")));
    assert.deepEqual(
      left.sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => i),
    );
    assert.equal(await scripts(), 1000, "one round trip a call");
  },
);

redisTest("tokens that one process reserved or gave back count in the other", async (redis, defer) => {
  // By the hour: nothing leaves the window in the meantime, however slow the machine is.
  const two = await startTwo(patient(redis.url), "1000 tokens/hour", defer);
  const began = performance.now();
  const scripts = await watchScripts(redis.url, defer);
  let used = 0;
  let sent = 0;
  for (const [each, fitting] of [
    [60, 20],
    [30, 11],
  ] as const) {
    // Without texts, what is reserved is the most that the answer may have.
    const pending = calls(two, each, { max_tokens: 50, held: true });
    const answers: Answered[] = [];
    for (const one of pending)
      void one.then(
        (answer) => answers.push(answer),
        () => {},
      );
    await until(() => answers.length + held.length === pending.length);
    assert.deepEqual([held.length, withStatus(answers, 429).length], [fitting, 2 * each - fitting]);
    for (const { header } of answers) {
      assert.equal(header("x-ratelimit-limit-tokens"), "1000");
      assert.ok(Number(header("retry-after")) >= 3598 - (performance.now() - began) / 1000);
    }
    release();
    assert.equal(withStatus(await Promise.all(pending), 200).length, fitting);
    used += fitting * answerTokens;
    sent += pending.length + fitting;
    for (const sluice of two) {
      // Wants more than there is: it is refused, charged to nothing, and told what is left.
      for (const end = performance.now() + 30_000; ;) {
        const probe = await call(sluice, { max_tokens: 1000 });
        sent++;
        assert.equal(probe.status, 429);
        if (probe.header("x-ratelimit-remaining-tokens") === String(1000 - used)) break;
        assert.ok(
          performance.now() < end,
          `${probe.header("x-ratelimit-remaining-tokens")} left, ${used} used`,
        );
        await sleep(10);
      }
    }
  }
  assert.equal(await scripts(), sent, "one round trip a call, and one to settle where it passed");
});

/** Calls steadily, in lanes that take the gateways in turn, until told to stop. */
function startLoad(to: readonly Sluice[], lanes: number) {
  const seen: number[] = [];
  let longest = 0;
  /** When those began that are under way. */
  const pending = new Set<{ began: number }>();
  const stopping = new AbortController();
  const lane = async (from: number): Promise<void> => {
    for (let i = from; !stopping.signal.aborted; i++) {
      const one = { began: performance.now() };
      pending.add(one);
      const { status } = await call(to[i % to.length]!);
      pending.delete(one);
      longest = Math.max(longest, performance.now() - one.began);
      seen.push(status);
      await sleep(5);
    }
  };
  const running = Promise.all(Array.from({ length: lanes }, (_, i) => lane(i)));
  running.catch(() => {});
  return {
    count: () => seen.length,
    /** Whether every call that began before a time has ended. */
    endedFrom: (time: number) => [...pending].every(({ began }) => began >= time),
    /** Rejects when a call got no answer. */
    async stop() {
      stopping.abort();
      await running;
      return { seen, longest };
    },
  };
}

const outageTold = (sluice: Sluice) => sluice.messages().split("State is out of reach").length - 1;
const returnTold = (sluice: Sluice) => sluice.messages().split("State is back").length - 1;

for (const outage of ["killed", "hung"] as const) {
  redisTest(
    `redis ${outage} in the middle of load: calls go on, and counters come back`,
    async (redis, defer) => {
      const limit = 100_000;
      const lanes = 16;
      // Longer than a busy machine keeps a Redis waiting that is not away.
      const state = { driver: "redis", url: redis.url, commandTimeout: "2s" };
      const two = await startTwo(state, `${limit}/hour`, defer);
      await Promise.all(calls(two, 20));
      const load = startLoad(two, lanes);
      await until(() => load.count() > 200);
      if (outage === "killed") await redis.kill();
      else redis.freeze();
      await until(() => two.every((sluice) => outageTold(sluice) > 0));
      const before = load.count();
      const told = performance.now();
      // Long enough for attempts to reconnect, which are not to be told of: one that is hung gets twice its time-out.
      await sleep(outage === "killed" ? 1500 : 5000);
      await until(() => load.count() > before + 200);
      // None hangs until Redis is back.
      await until(() => load.endedFrom(told));
      if (outage === "killed") await redis.restart();
      else redis.thaw();
      await until(() => two.every((sluice) => returnTold(sluice) > 0));
      const back = load.count();
      await until(() => load.count() > back + 100);
      const { seen, longest } = await load.stop();
      console.log(`${seen.length} calls, the longest took ${Math.round(longest)} ms`);
      assert.deepEqual(new Set(seen), new Set([200]));
      // The time-out of a command, and what a machine that stands still for a while adds to it.
      assert.ok(longest < 10_000, `a call took ${longest} ms`);
      assert.deepEqual(two.map(outageTold), [1, 1]);
      assert.deepEqual(two.map(returnTold), [1, 1]);
      const left: number[] = [];
      for (const sluice of [...two, ...two]) {
        left.push(Number((await call(sluice)).header("x-ratelimit-remaining-requests")));
      }
      const [first] = left as [number];
      assert.deepEqual(left, [first, first - 1, first - 2, first - 3], "both count in one place again");
      // What was under way when Redis went is known to the process that had it, and to it alone.
      const missed = limit - first - (40 + seen.length + 1);
      assert.ok(Math.abs(missed) <= lanes, `${missed} calls counted too many`);
    },
  );
}

/** The number of the newest snapshot in a state's directory, of those that are not just being written. */
function snapshotIn(path: string): number {
  const heads = ["a", "b"].map((name) => {
    try {
      return snapshotSequence(readFileSync(join(path, "counters", name), "utf8")) ?? 0;
    } catch {
      return 0;
    }
  });
  return Math.max(...heads);
}

test("fs: counters survive kill -9 but for the last snapshotInterval, and a stop whole", async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-state-"));
  const closers: (() => Promise<void>)[] = [() => rm(path, { recursive: true, force: true })];
  const defer: Defer = (close) => void closers.unshift(close);
  const startFs = () => start({ driver: "fs", path, snapshotInterval: "200ms" }, "100000/hour", defer);
  const usedBefore = async (sluice: Sluice) =>
    100_000 - 1 - Number((await call(sluice)).header("x-ratelimit-remaining-requests"));
  try {
    const killed = await startFs();
    let ended = 0;
    let begun = 0;
    const lane = async (): Promise<void> => {
      for (;;) {
        begun++;
        await call(killed);
        ended++;
      }
    };
    const lanes = Promise.allSettled([lane(), lane(), lane(), lane()]);
    const loadFrom = Date.now();
    await until(() => ended > 0 && Date.now() - loadFrom > 1000);
    const due = ended;
    // One snapshot may be under way: the one after it has all that ended until now.
    const snapshot = snapshotIn(path);
    await until(() => snapshotIn(path) >= snapshot + 2);
    await killed.kill();
    await lanes;
    const stopped = await startFs();
    const survived = await usedBefore(stopped);
    console.log(`${ended} calls before kill -9, ${survived} of them counted after it`);
    assert.ok(due > 0 && survived >= due && survived <= begun, `${due} <= ${survived} <= ${begun}`);

    await Promise.all(calls([stopped], 25));
    await stopped.stop();
    assert.equal(await usedBefore(await startFs()), survived + 1 + 25);
  } finally {
    for (const close of closers) await close();
  }
});

test("fs: a snapshot that is dropped is told of, and a reload keeps what is counted", async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-state-"));
  await mkdir(join(path, "counters"));
  await writeFile(join(path, "counters", "a"), "garbage");
  const config = (snapshotInterval: string) => configOf({ driver: "fs", path, snapshotInterval }, "3/hour");
  const gateway = await startGateway(config("1s"));
  try {
    assert.deepEqual(
      gateway.messages.filter(({ level }) => level === "warn"),
      [{ level: "warn", text: "State: counters/a: not a whole snapshot, dropped." }],
    );
    const statuses: number[] = [];
    for (const interval of ["1s", "2s", "1s", "2s"]) {
      await gateway.gateway.reload(config(interval));
      statuses.push((await call(gateway)).status);
    }
    assert.deepEqual(statuses, [200, 200, 200, 429]);
  } finally {
    await gateway.close();
    await rm(path, { recursive: true, force: true });
  }
});
