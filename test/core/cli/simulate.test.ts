import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { processTest } from "./_sluice.ts";

const config = JSON.stringify({
  upstreams: [
    {
      name: "openai",
      provider: "openai",
      keys: ["sk-one-000000", "sk-two-000000"],
      models: ["gpt-4o"],
      weight: 3,
    },
    { name: "spare", provider: "openai", key: "sk-three-0000", models: ["gpt-4o"] },
  ],
  keys: [{ key: "sk-team-0000", name: "team", limits: ["600/min"] }],
});

const example = await readFile(new URL("../../../config/load.example.yaml", import.meta.url), "utf8");

processTest(
  "simulate plays the example load, twice the same, and tells it to people and machines",
  async ({ write, run }) => {
    await write({ "sluice.json": config, "load.yaml": example });
    await write({ "short.yaml": "phases: [{ for: 20s, rate: 5/s }]\n" });
    // One after the other: each takes all of a processor.
    const people = await run("simulate", "--load", "load.yaml");
    const machine = await run("simulate", "--load", "short.yaml", "--json");
    const again = await run("simulate", "--load", "short.yaml", "--json");
    const other = await run("simulate", "--load", "short.yaml", "--json", "--seed", "2");
    assert.deepEqual([people.status, people.said], [0, ""]);
    assert.match(people.out, /^[\d,]+ calls in \d min[^\n]*: [\d,]+ answered \([\d.]+ %\), [\d,]+ refused/);
    assert.match(
      people.out,
      /^Why calls were refused or failed\n {2}status +code +calls +share\n {2}429 +rate_limit_exceeded /m,
    );
    assert.match(people.out, /^Upstreams\n {2}name +share [^\n]*\n {2}openai +[\d.]+ % /m);
    assert.match(
      people.out,
      /^Limits that were reached\n[^]*^ {2}600 requests per minute for key team +the gateway /m,
    );
    assert.match(people.out, /^Over time\n {2}from +calls +refused +(?:failed +)?openai +spare\n {2}0:00 /m);
    assert.doesNotMatch(people.out, /sk-|undefined|NaN/);
    assert.deepEqual(machine, again);
    const { seed, calls } = JSON.parse(machine.out) as { seed: number; calls: { made: number } };
    assert.deepEqual([seed, calls.made > 50], [1, true]);
    assert.notEqual(other.out, machine.out);
  },
);

processTest("simulate replays a trace, with keys by name", async ({ write, run }) => {
  const calls = Array.from({ length: 8 }, (_, at) =>
    JSON.stringify({ at: at * 1000, model: "gpt-4o", key: "team" }),
  );
  await write({
    "sluice.json": config,
    "trace.jsonl": `${calls.join("\n")}\n`,
    "bad.jsonl": '{"at":1,"model":"gpt-4o"}\n{"at":2,"modle":"gpt-4o"}\n',
    "stranger.jsonl": '{"at":1,"model":"gpt-4o","key":"nobody"}\n',
  });
  const { status, out } = await run("simulate", "--trace", "trace.jsonl", "--json");
  const result = JSON.parse(out) as { calls: object; upstreams: { name: string; answered: number }[] };
  assert.equal(status, 0);
  assert.deepEqual(result.calls, { made: 8, answered: 8, refused: 0, failed: 0 });
  assert.deepEqual(
    result.upstreams.map(({ answered }) => answered),
    [6, 2],
  );
  const bad = await run("simulate", "--trace", "bad.jsonl");
  assert.equal(bad.status, 1);
  assert.match(bad.said, /^bad\.jsonl:2 model: /m);
  const stranger = await run("simulate", "--trace", "stranger.jsonl");
  assert.deepEqual(
    [stranger.status, stranger.said],
    [1, 'the trace keys: found "nobody", expected one of team\n'],
  );
});

processTest("simulate says what is wrong with its flags and its load", async ({ write, run }) => {
  await write({
    "sluice.json": config,
    "load.yaml":
      "phases:\n  - { for: 1m, rate: 5/s }\nupstream: {}\nfailures:\n  - { at: 1s, for: 1s, do: refus }\n",
    "idle.yaml": "seed: 4\n",
  });
  const [nothing, missing, wrong, idle] = await Promise.all([
    run("simulate"),
    run("simulate", "--load", "no.yaml"),
    run("simulate", "--load", "load.yaml"),
    run("simulate", "--load", "idle.yaml"),
  ]);
  assert.deepEqual(nothing, {
    status: 2,
    out: "",
    said: "sluice: simulate needs --load, or --trace, or both\nSee sluice simulate --help.\n",
  });
  assert.equal(missing.status, 1);
  assert.match(missing.said, /^no\.yaml.*found no file, expected a YAML or JSON file/);
  assert.equal(wrong.status, 1);
  assert.match(
    wrong.said,
    /^load\.yaml:3:1 upstream: found unknown key "upstream", .*did you mean "upstreams"/m,
  );
  assert.match(wrong.said, /^load\.yaml:5:\d+ failures\[0\]\.do: /m);
  assert.deepEqual(
    [idle.status, idle.said],
    [1, "sluice: idle.yaml has no phases, and there is no --trace: no calls would come\n"],
  );
});
