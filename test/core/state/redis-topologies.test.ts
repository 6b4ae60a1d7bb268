import assert from "node:assert/strict";
import { test } from "node:test";
import { createState, type State } from "../../../core/state/index.ts";
import { readRedisAddress } from "../../../core/state/redis-address.ts";
import { until } from "../../_gateway.ts";
import { hasRedis } from "../../_redis.ts";
import { hasOpenssl, startCluster, startSentinel, startTlsRedis } from "../../_redis-topologies.ts";
import { one, used } from "./_conformance.ts";

type Defer = (close: () => Promise<void>) => void;

/** Registers a test that starts servers of its own, where there are the programs for it. */
function serverTest(name: string, possible: boolean, run: (defer: Defer) => Promise<void>): void {
  if (!possible) return console.log(`not tested: ${name} (needs redis-server and openssl)`);
  test(name, async () => {
    const deferred: (() => Promise<void>)[] = [];
    try {
      await run((close) => void deferred.unshift(close));
    } finally {
      for (const close of deferred) await close();
    }
  });
}

async function open(options: object, defer: Defer) {
  const told: string[] = [];
  const state = await createState(
    // A busy machine is no outage.
    { driver: "redis", commandTimeout: 10_000, ...options },
    {
      onLost: (error) => void told.push(error.message),
      onRestored: () => void told.push("restored"),
      onWarning: (message) => void told.push(message),
    },
  );
  defer(state.close);
  return { state, told };
}

/** Uses every part of a state, and sees in another one what is shared. */
async function exercise(state: State, other: State, name: string): Promise<void> {
  const windows = [one(`${name} a`, 5), one(`${name} b`, 5), one(`${name} c`, 5)];
  assert.deepEqual(used(await state.counters.take(windows)), [1, 1, 1]);
  assert.deepEqual(used(await other.counters.take(windows)), [2, 2, 2]);
  assert.equal(await state.counters.increment(name, 2, 60_000), 2);
  assert.equal(await other.counters.get(name), 2);
  assert.deepEqual([await state.cursors.next(name), await other.cursors.next(name)], [0, 1]);
  await state.storage.setItem(`${name}:x`, { here: true });
  await state.storage.setItem(`${name}:y`, 1);
  assert.deepEqual((await other.storage.getKeys(name)).sort(), [`${name}:x`, `${name}:y`]);
  assert.deepEqual(await other.storage.getItems([`${name}:x`, `${name}:y`]), [
    { key: `${name}:x`, value: { here: true } },
    { key: `${name}:y`, value: 1 },
  ]);
  assert.equal(other.board.get(name), undefined);
  state.board.set(name, "rests", 60_000);
  await until(() => other.board.get(name) === "rests");
  other.board.delete(name);
  await until(() => state.board.get(name) === undefined);
}

serverTest(
  "a Redis Cluster holds all state, and a failover is an outage that ends",
  hasRedis,
  async (defer) => {
    const cluster = await startCluster("{sluice}", defer);
    const [one, two] = [await open({ url: cluster.url }, defer), await open({ url: cluster.url }, defer)];
    assert.deepEqual([one.state.healthy(), two.state.healthy()], [true, true], one.told.join());
    await exercise(one.state, two.state, "before");
    await cluster.failOver();
    // The old master says where the keys are now.
    await Promise.all([one, two].map(({ state }) => state.counters.take([])));
    for (const { state, told } of [one, two]) {
      // More than once, should it still take itself for the master.
      await until(async () => {
        await state.counters.get("before");
        return state.healthy() && told.at(-1) === "restored";
      });
    }
    assert.equal(await two.state.counters.get("before"), 2);
    await exercise(one.state, two.state, "after");
    for (const { told } of [one, two]) {
      assert.equal(told.length, 2, told.join());
      assert.match(told[0]!, /^Redis Cluster at 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+ is away: /);
    }
  },
);

serverTest("sentinels tell the master, and the next one when it dies", hasRedis, async (defer) => {
  const { url, master } = await startSentinel("mymaster", defer);
  const [one, two] = [await open({ url }, defer), await open({ url }, defer)];
  assert.deepEqual([one.state.healthy(), two.state.healthy()], [true, true], one.told.join());
  await exercise(one.state, two.state, "before");
  await master.kill();
  await until(() => !one.state.healthy() && !two.state.healthy());
  // What is counted meanwhile comes along.
  await one.state.counters.increment("before", 5, 60_000);
  // A sentinel that was held up itself does nothing for half a minute.
  await until(() => one.state.healthy() && two.state.healthy(), 90_000);
  assert.equal(await two.state.counters.get("before"), 7);
  await exercise(one.state, two.state, "after");
});

serverTest("no sentinel at the start: begins with an outage", true, async (defer) => {
  const { state, told } = await open({ url: "redis+sentinel://127.0.0.1:1/mymaster" }, defer);
  assert.equal(state.healthy(), false);
  assert.match(told.join(), /^Redis mymaster of the sentinels at 127\.0\.0\.1:1 is away: All sentinels/);
});

serverTest("no node of a cluster at the start: begins with an outage", true, async (defer) => {
  const { state, told } = await open({ url: "redis+cluster://127.0.0.1:1,127.0.0.1:2" }, defer);
  assert.equal(state.healthy(), false);
  assert.match(told.join(), /^Redis Cluster at 127\.0\.0\.1:1, 127\.0\.0\.1:2 is away: no node tells/);
});

serverTest("TLS with an authority and a certificate of one's own", hasRedis && hasOpenssl, async (defer) => {
  const { url, ca, cert, key } = await startTlsRedis(defer);
  const tls = { ca, cert, key };
  const [one, two] = [await open({ url, tls }, defer), await open({ url, tls }, defer)];
  assert.deepEqual([one.state.healthy(), two.state.healthy()], [true, true], one.told.join());
  await exercise(one.state, two.state, "tls");

  const stranger = await open({ url }, defer);
  assert.equal(stranger.state.healthy(), false);
  assert.match(stranger.told.join(), /certificate/i);
  const missing = { ca: "/nowhere/ca.pem" };
  await assert.rejects(open({ url, tls: missing }, defer), {
    message: "state.tls.ca: cannot read /nowhere/ca.pem",
  });
});

const nothing = { master: undefined, username: undefined, password: undefined, sentinelPassword: undefined };

test("addresses of Redis are read, and what is none is refused without showing it", () => {
  const cases: Record<string, object> = {
    "redis://host": { kind: "single", hosts: [{ host: "host", port: 6379 }], tls: false, db: 0 },
    "rediss://me:p%40ss@[::1]:7000/3": {
      kind: "single",
      hosts: [{ host: "::1", port: 7000 }],
      tls: true,
      username: "me",
      password: "p@ss",
      db: 3,
    },
    "redis://:word@host/": {
      kind: "single",
      hosts: [{ host: "host", port: 6379 }],
      tls: false,
      password: "word",
      db: 0,
    },
    "rediss+cluster://a:1,b": {
      kind: "cluster",
      hosts: [
        { host: "a", port: 1 },
        { host: "b", port: 6379 },
      ],
      tls: true,
      db: 0,
    },
    "redis+sentinel://:word@a,b:5/main/2?sentinelPassword=other": {
      kind: "sentinel",
      hosts: [
        { host: "a", port: 26_379 },
        { host: "b", port: 5 },
      ],
      tls: false,
      master: "main",
      password: "word",
      sentinelPassword: "other",
      db: 2,
    },
  };
  for (const [url, expected] of Object.entries(cases)) {
    assert.deepEqual(readRedisAddress(url), { ...nothing, ...expected }, url);
  }
  const bad = [
    "http://secret@host",
    "redis://secret@host:port",
    "redis://secret@a,b",
    "redis+cluster://secret@a,b/1",
    "redis+sentinel://secret@a,b",
    "redis+ring://secret@a",
    "redis://secret@host/name",
    "redis://host:99999",
  ];
  for (const url of bad) {
    assert.throws(
      () => readRedisAddress(url),
      (error: Error) =>
        error.message.startsWith("state.url: expected redis://") && !error.message.includes("secret"),
      url,
    );
  }
});
