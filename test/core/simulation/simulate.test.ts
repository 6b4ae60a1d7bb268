import assert from "node:assert/strict";
import { test } from "node:test";
import { answered, bare, quick, simulated, upstream } from "./_simulated.ts";

const evenly = (rate: string | number, length: string): object => ({
  arrivals: "constant",
  phases: [{ for: length, rate }],
  upstreams: quick,
});

test("the same seed gives the same result to the last digit, another seed another", async () => {
  const config = {
    upstreams: [upstream("a", { keys: ["sk-a-1-0000", "sk-a-2-0000"], concurrency: 3 }), upstream("b")],
    keys: [{ key: "sk-team-0000", name: "team", limits: ["300/min"] }],
  };
  const load = {
    phases: [{ for: "2m", rate: "5/s", to: "10/s" }],
    upstreams: { "*": { errors: { 500: 0.05, reset: 0.02 }, limits: ["200/min"] } },
    failures: [{ at: "30s", for: "20s", upstream: "b", do: "hang", share: 0.5 }],
  };
  const [one, same, other] = [
    await simulated(config, load),
    await simulated(config, load),
    await simulated(config, load, 2),
  ];
  assert.equal(JSON.stringify(one), JSON.stringify(same));
  assert.notDeepEqual({ ...other, seed: 1 }, one);
  assert.ok(
    one.calls.made > 800 && one.attempts.retries > 0 && one.calls.refused > 0,
    JSON.stringify(one.calls),
  );
});

test("a result is the same on every runtime", async () => {
  const config = { upstreams: [upstream("a", { weight: 2 }), upstream("b")], plugins: bare() };
  const { calls, firstByte, whole, tokens, duration } = await simulated(config, {
    phases: [{ for: "10m", rate: "2/s" }],
    upstreams: { "*": { errors: { 500: 0.1 } } },
  });
  assert.deepEqual(
    { calls, firstByte, whole, tokens, duration },
    {
      calls: { made: 1234, answered: 1115, refused: 0, failed: 119 },
      firstByte: { p50: 1370, p95: 12_100, p99: 23_300 },
      whole: { p50: 4070, p95: 17_300, p99: 32_600 },
      tokens: { input: 1_366_997, output: 353_566 },
      duration: 618_410,
    },
  );
});

test("shares follow weights exactly", async () => {
  const weights = { a: 5, b: 3, c: 2 };
  const upstreams = Object.entries(weights).map(([name, weight]) => upstream(name, { weight }));
  const result = await simulated({ upstreams, plugins: bare() }, evenly("10/s", "100s"));
  assert.deepEqual(answered(result), { a: 500, b: 300, c: 200 });
  assert.deepEqual(
    result.upstreams.map(({ share }) => share),
    [0.5, 0.3, 0.2],
  );
  assert.deepEqual(result.calls, { made: 1000, answered: 1000, refused: 0, failed: 0 });
});

test("a key's limit lets exactly so many calls through, and the result says when it refused", async () => {
  const keys = [
    { key: "sk-team-0000", name: "team", limits: ["100/hour"] },
    { key: "sk-free-0000", name: "free" },
  ];
  const load = { ...evenly("1/s", "10m"), keys: { team: 1 } };
  const { calls, errors, limits } = await simulated(
    { upstreams: [upstream("a")], keys, plugins: bare({ auth: {} }) },
    load,
  );
  assert.deepEqual(calls, { made: 600, answered: 100, refused: 500, failed: 0 });
  assert.deepEqual(errors, [{ status: 429, code: "rate_limit_exceeded", calls: 500 }]);
  assert.deepEqual(limits, [
    {
      what: "100 requests per hour for key team",
      where: "the gateway",
      times: 500,
      from: 101_000,
      to: 600_000,
      worst: { at: 120_000, times: 60 },
    },
  ]);
});

test("tokens are reserved and settled by what was used", async () => {
  const keys = [{ key: "sk-team-0000", name: "team", limits: ["10000 tokens/hour"] }];
  const load = { ...evenly("1/s", "10m"), tokens: { input: 60, output: 40 } };
  const { calls, tokens } = await simulated(
    { upstreams: [upstream("a")], keys, plugins: bare({ auth: {} }) },
    load,
  );
  // The last that fit are held back by the output that is reserved: 256.
  const fitting = Math.floor((10_000 - 60 - 256) / 100) + 1;
  assert.deepEqual([calls.answered, tokens], [fitting, { input: fitting * 60, output: fitting * 40 }]);
});

test("a service's own limits hold for each key, or for all of its keys", async () => {
  const config = {
    upstreams: [upstream("a", { keys: ["sk-a-1-0000", "sk-a-2-0000"] })],
    plugins: bare(),
  };
  for (const [limitPer, through] of [
    ["key", 100],
    ["upstream", 50],
  ] as const) {
    const upstreams = { "*": { ...quick["*"], limits: "50/hour", limitPer } };
    const { calls, upstreams: seen } = await simulated(config, { ...evenly("1/s", "10m"), upstreams });
    assert.deepEqual(calls, { made: 600, answered: through, refused: 0, failed: 600 - through });
    assert.deepEqual(seen[0]?.errors, { "status 429": 600 - through });
    assert.deepEqual(
      seen[0]?.keys.map(({ answered }) => answered),
      [through / 2, through / 2],
    );
  }
});

test("each failure of the script comes to what it is", async () => {
  const codes: [what: unknown, error: string, code: string][] = [
    ["refuse", "upstream_connect_failed", "upstream_connect_failed"],
    ["reset", "upstream_connection_lost", "upstream_connection_lost"],
    ["hang", "upstream_first_byte_timeout", "upstream_first_byte_timeout"],
    ["cut", "broken", "upstream_connection_lost"],
    [529, "status 529", "upstream's answer"],
  ];
  for (const [what, error, code] of codes) {
    const { calls, errors, upstreams } = await simulated(
      { upstreams: [upstream("a", { timeouts: { firstByte: "5s" } })], plugins: bare() },
      { ...evenly("1/s", "1m"), stream: 1, failures: [{ at: "29.5s", for: "10s", do: what }] },
    );
    assert.deepEqual(calls, { made: 60, answered: 50, refused: 0, failed: 10 }, String(what));
    assert.deepEqual(upstreams[0]?.errors, { [error]: 10 }, String(what));
    assert.deepEqual(
      errors.map((one) => [one.code, one.calls]),
      [[code, 10]],
      String(what),
    );
  }
});

test("slow services answer late, and the whole call's time-out ends those that take too long", async () => {
  const upstreams = { "*": { firstByte: 100, tokensPerSecond: 100 } };
  const load = { ...evenly("1/s", "20s"), upstreams, stream: 1, tokens: { output: 100 } };
  const slow = [{ at: "10s", for: "1h", do: "slow", times: 20 }];
  const config = { upstreams: [upstream("a")], plugins: bare() };
  const usual = await simulated(config, load);
  assert.deepEqual([usual.firstByte.p99, usual.whole.p99], [100, 1100]);
  const late = await simulated(config, { ...load, failures: slow });
  assert.deepEqual([late.firstByte.p99, late.whole.p99], [2000, 22_000]);
  const cut = await simulated(
    { ...config, server: { timeouts: { total: "5s" } } },
    { ...load, failures: slow },
  );
  assert.deepEqual(cut.calls, { made: 20, answered: 9, refused: 0, failed: 11 });
  assert.equal(cut.duration, 25_000);
});

test("of three upstreams, the one that dies loses its share, no call fails, and it comes back", async () => {
  const config = { upstreams: [upstream("a"), upstream("b"), upstream("c")], plugins: [{ auth: false }] };
  const load = {
    arrivals: "constant",
    phases: [{ for: "5m", rate: "100/s" }],
    upstreams: quick,
    failures: [{ at: "60s", for: "60s", upstream: "a", do: "refuse" }],
  };
  const { calls, timeline, upstreams, rests } = await simulated(config, load);
  assert.deepEqual(calls, { made: 30_000, answered: 30_000, refused: 0, failed: 0 });
  const share = (at: number): number => {
    const slice = Math.floor(at / timeline.slice);
    return (timeline.upstreams.a?.[slice] ?? 0) / (timeline.slices[slice]?.answered ?? 1);
  };
  assert.ok(Math.abs(share(30_000) - 1 / 3) < 0.01, `${share(30_000)} before`);
  assert.equal(share(90_000), 0);
  assert.ok(Math.abs(share(270_000) - 1 / 3) < 0.02, `${share(270_000)} after`);
  assert.ok((upstreams[0]?.failed ?? 0) < 60, `${upstreams[0]?.failed} attempts failed`);
  assert.ok(rests.length > 0 && rests.every(({ where }) => where === "a m"), JSON.stringify(rests));
});

test("calls that wait for a place are counted, and how long they waited", async () => {
  const config = {
    upstreams: [upstream("a", { concurrency: 1 })],
    plugins: bare({ capacity: { queue: { size: 100, timeout: "60s" } } }),
  };
  const upstreams = { "*": { firstByte: 1500, tokensPerSecond: 1_000_000 } };
  // One a second, of which each takes one and a half: the n-th waits n halves of a second.
  const load = { ...evenly("1/s", "10s"), upstreams, stream: 0, tokens: { output: 0 } };
  const { calls, upstreams: seen } = await simulated(config, load);
  assert.deepEqual(calls, { made: 10, answered: 10, refused: 0, failed: 0 });
  const [{ waited, meanWait, longestWait, peak } = assert.fail()] = seen;
  assert.deepEqual(
    { waited, meanWait, longestWait, peak },
    { waited: 9, meanWait: 2500, longestWait: 4500, peak: 1 },
  );
});

test("a conversation stays where it is with the strategy affinity", async () => {
  const config = {
    upstreams: ["a", "b", "c", "d"].map((name) => upstream(name)),
    plugins: bare({ routing: { strategy: "affinity" } }),
  };
  const one = await simulated(config, { ...evenly("10/s", "10s"), conversations: 1 });
  assert.deepEqual(Object.values(answered(one)).sort(), [0, 0, 0, 100]);
  const many = await simulated(config, evenly("10/s", "10s"));
  assert.ok(
    Object.values(answered(many)).every((calls) => calls > 10),
    JSON.stringify(answered(many)),
  );
});

test("models that nobody offers and callers without a key are refused as in a gateway that serves", async () => {
  const config = {
    upstreams: [upstream("a")],
    keys: [{ key: "sk-team-0000", name: "team" }],
    plugins: bare({ auth: {} }),
  };
  const load = evenly("1/s", "10s");
  const { errors } = await simulated(config, { ...load, models: { other: 1 } });
  assert.deepEqual(errors, [{ status: 404, code: "model_not_found", calls: 10 }]);
  const nobody = await simulated(config, { ...load, keys: {} });
  assert.deepEqual(
    nobody.errors.map(({ status, calls }) => [status, calls]),
    [[401, 10]],
  );
});

test("the result says where a gateway that serves would do otherwise", async () => {
  const config = {
    upstreams: [upstream("a", { models: undefined })],
    state: { driver: "redis", url: "redis://127.0.0.1:1" },
    plugins: bare({ cache: {} }),
  };
  const { calls, notes } = await simulated(config, { ...evenly("1/s", "10s"), models: { any: 1 } });
  assert.deepEqual(calls, { made: 10, answered: 10, refused: 0, failed: 0 });
  assert.deepEqual(notes, [
    "Plugins that took no part, since they log, check or cache: request-log, cache.",
    "Limits and turns are those of one process; with Redis, all processes share them.",
    "Upstreams that list their models themselves are taken to offer all that are asked for: a.",
  ]);
});
