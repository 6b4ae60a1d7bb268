import assert from "node:assert/strict";
import { test } from "node:test";
import { inFolder } from "./_folder.ts";

/** The mistakes of one YAML text. */
async function mistakesOf(text: string, env: Record<string, string> = {}): Promise<string[]> {
  let mistakes: string[] = [];
  await inFolder({ "sluice.yaml": text }, async (folder) => {
    mistakes = await folder.mistakes({ env });
  });
  return mistakes;
}

test("anchors, aliases and merge keys mean what YAML says, and mistakes behind them have a place", async () => {
  const text = `
upstreams:
  - &first { provider: demo, models: &all [a, b], timeouts: &patient { firstByte: 10m } }
  - { <<: *first, name: second, timeouts: { <<: *patient, connect: 3s } }
  - { <<: [{ weight: 2 }, *first], name: third, models: *all }
`;
  await inFolder({ "sluice.yaml": text }, async (folder) => {
    const [, second, third] = (await folder.load()).config.upstreams;
    assert.deepEqual(second, {
      provider: "demo",
      name: "second",
      models: ["a", "b"],
      timeouts: { firstByte: 600_000, connect: 3000 },
    });
    assert.equal(third?.weight, 2);
    assert.deepEqual(third?.models, ["a", "b"]);
  });
  const wrong = `
upstreams:
  - &first { provider: demo, weight: none }
  - { <<: *first, name: b }
`;
  const expected = "a number";
  assert.deepEqual(await mistakesOf(wrong), [
    `sluice.yaml:3:38 upstreams[0].weight: "none"; ${expected}`,
    `sluice.yaml:3:38 upstreams[1].weight: "none"; ${expected}`,
  ]);
});

test("mistakes of YAML itself are told with their place, without quoting the text", async () => {
  const cases: [text: string, mistake: RegExp][] = [
    ["server:\n\tport: 1\n", /^sluice\.yaml:2:1 \(top\): a tab as indentation; spaces$/],
    ['server: { host: "x\n', /^sluice\.yaml:\d:\d+ \(top\): the end of something that is not complete/],
    ["server: { port: 1\nkeys: []\n", /^sluice\.yaml:2:\d+ \(top\): /],
    ['keys: ["a\\qb"]\n', /^sluice\.yaml:1:\d+ \(top\): an escape that means nothing/],
    ["keys: [@secret-of-mine]\n", /^sluice\.yaml:1:8 \(top\): a character that plain text cannot begin with/],
    ["upstreams: a: b\n", /^sluice\.yaml:1:\d+ \(top\): a key that is not on one line, or a colon too much/],
    [
      "server: { port: 1 }\n---\nkeys: []\n",
      /^sluice\.yaml:2:1 \(top\): a second document; one document a file$/,
    ],
    ["server: !env { port: 1 }\n", /^sluice\.yaml:1:9 \(top\): a tag that means nothing here; plain YAML$/],
  ];
  for (const [text, mistake] of cases) {
    const mistakes = await mistakesOf(text);
    assert.match(mistakes[0] ?? "", mistake, text);
    assert.ok(!mistakes.join("\n").includes("secret-of-mine"), text);
  }
});

test("a key named twice, an alias to nothing or to what it stands in, and a list as a key are mistakes", async () => {
  const text = `
server: { port: 1, host: a, port: 2 }
aliases: *nothing
keys: &keys [*keys]
? [a]
: 1
upstreams: [{ <<: 5, provider: demo }]
`;
  const end = "an alias to an &anchor that was complete before it";
  const mistakes = await mistakesOf(text);
  assert.deepEqual(mistakes.slice(0, 5), [
    'sluice.yaml:2:29 server.port: a second "port"; each key once',
    `sluice.yaml:3:10 aliases: an alias without an anchor before it; ${end}`,
    `sluice.yaml:4:14 keys[0]: an alias to what it stands in; ${end}`,
    "sluice.yaml:5:3 (top): a key that is a list, a map or an alias; text as a key",
    "sluice.yaml:7:19 upstreams[0]: a merge key (<<) with something else than maps; a map, or a list of maps",
  ]);
});

test("a small text cannot stand for a huge value, and a huge one does not exhaust the stack", async () => {
  const bomb = [`a0: &a0 [x, x, x, x, x, x, x, x, x, x]`];
  for (let level = 1; level < 10; level++) {
    const before = `*a${level - 1}`;
    bomb.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => before).join(", ")}]`);
  }
  assert.match(
    (await mistakesOf(bomb.join("\n")))[0] ?? "",
    /too many values; at most 500000, with what aliases/,
  );

  const deep = await mistakesOf(`server: ${"[".repeat(5000)}`);
  assert.match(
    deep[0] ?? "",
    /^sluice\.yaml:1:\d+ \(top\): lists or maps nested too deep; at most 100 levels$/,
  );

  const keys = Array.from({ length: 2000 }, (_, index) => `  zz${index}: 1`);
  const wide = await mistakesOf(`server:\n${keys.join("\n")}`);
  assert.equal(wide.length, 2000);
  assert.match(wide.at(-1) ?? "", /^sluice\.yaml:2001:3 server\.zz1999: unknown key/);
});

test("names with a meaning in JavaScript are names like any other", async () => {
  const text = `__proto__: { port: 1 }\nconstructor: 1\nserver: { __proto__: { port: 2 }, toString: 1 }\n`;
  const mistakes = await mistakesOf(text);
  assert.deepEqual(
    mistakes.map((mistake) => /^(\S+ \S+) unknown key/.exec(mistake)?.[1]),
    [
      "sluice.yaml:1:1 __proto__:",
      "sluice.yaml:2:1 constructor:",
      "sluice.yaml:3:11 server.__proto__:",
      "sluice.yaml:3:35 server.toString:",
    ],
  );
  await inFolder({ "sluice.yaml": "aliases: { 1.10: a, true: b }\n" }, async (folder) => {
    const { aliases } = (await folder.load()).config;
    assert.deepEqual(aliases, { "1.10": "a", true: "b" });
  });
});

test("a byte order mark, Windows line ends and a text without an end of line are read", async () => {
  for (const text of ["\ufeffserver: { port: 5 }", "server:\r\n  port: 5\r\n", "server:\n  port: 5"]) {
    await inFolder({ "sluice.yaml": text }, async (folder) => {
      assert.deepEqual((await folder.load()).config.server, { port: 5 });
    });
  }
});
