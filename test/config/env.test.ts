import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { substitute } from "../../config/env.ts";
import { inFolder } from "./_folder.ts";

test("variables, defaults, nested defaults and dollars", () => {
  const env = { A: "one", EMPTY: "", DOLLAR: "${A}$$" };
  const cases: [text: string, result: string][] = [
    ["${A}", "one"],
    ["x${A}y${A}z", "xoneyonez"],
    ["${B:-two}", "two"],
    ["${B:-}", ""],
    ["${A:-two}", "one"],
    ["${EMPTY:-two}", "two"],
    ["${EMPTY}", ""],
    ["${B:-${A}}", "one"],
    ["${B:-{${C:-${A}-d}}}", "{one-d}"],
    ["$$", "$"],
    ["$${A}", "${A}"],
    ["$$$${A}", "$${A}"],
    ["$A $ 5$", "$A $ 5$"],
    ["${DOLLAR}", "${A}$$"],
  ];
  for (const [text, result] of cases) {
    const { text: got, missing, malformed } = substitute(text, env);
    assert.equal(got, result, text);
    assert.deepEqual([missing, malformed], [[], undefined], text);
  }
});

test("missing and malformed variables are told", () => {
  assert.deepEqual(substitute("${B} ${C}", {}).missing, ["B", "C"]);
  assert.deepEqual(substitute("${A:-${B}}", { A: "1" }).missing, []);
  assert.deepEqual(substitute("${A:-${B}}", {}).missing, ["B"]);
  for (const text of ["${", "${}", "${1A}", "${A", "${A:-b", "${A-b}", "${A b}"]) {
    assert.ok(substitute(text, { A: "1" }).malformed, text);
  }
});

test("a variable without a value is a mistake, with the name that may have been meant", async () => {
  const text = "keys: ['${TEAM_KEY}']\nserver:\n  host: ${HOSTT}\n  port: ${P:-${Q}}\n";
  await inFolder({ "sluice.yaml": text }, async (folder) => {
    assert.deepEqual(await folder.mistakes({ env: { HOST: "a" } }), [
      "sluice.yaml:1:8 keys[0]: ${TEAM_KEY}, which is not set; an environment variable TEAM_KEY (set it in the environment or in .env, or write ${TEAM_KEY:-default})",
      'sluice.yaml:3:9 server.host: ${HOSTT}, which is not set; an environment variable HOSTT (did you mean "HOST"?)',
      "sluice.yaml:4:9 server.port: ${Q}, which is not set; an environment variable Q (set it in the environment or in .env, or write ${Q:-default})",
    ]);
  });
});

test("variables stand in lists and maps of one line too, quoted or not", async () => {
  const text = `
keys: [\${ONE}, "\${TWO}", { key: \${THREE:-sk-default/three:3}, name: team }]
server: {port: \${PORT}, host: \${HOST:-localhost}}
`;
  const env = { ONE: "sk-one", TWO: "sk-{two}", PORT: "8000" };
  await inFolder({ "sluice.yaml": text }, async (folder) => {
    const { keys, server } = (await folder.load({ env })).config;
    assert.deepEqual(
      keys?.map(({ key }) => key),
      ["sk-one", "sk-{two}", "sk-default/three:3"],
    );
    assert.deepEqual(server, { port: 8000, host: "localhost" });
    const [mistake] = await folder.mistakes({ env: { ...env, PORT: "no" } });
    assert.equal(mistake, 'sluice.yaml:3:16 server.port: "no"; a number');
  });
});

test("what a variable holds cannot change the structure, and is the kind of value that is wanted", async () => {
  const text = `
server: { host: "\${HOST}" }
aliases: { a: "\${A}" }
upstreams:
  - provider: demo
    weight: \${WEIGHT}
    forwarded: \${YES}
    name: \${DIGITS}
    key: \${NULL}
`;
  const env = {
    HOST: 'a", port: 1 }\nkeys: [x]',
    A: "${HOST}",
    WEIGHT: "2.5",
    YES: "true",
    DIGITS: "0123",
    NULL: "null",
  };
  await inFolder({ "sluice.yaml": text }, async (folder) => {
    const { server, keys, aliases, upstreams } = (await folder.load({ env })).config;
    assert.deepEqual(server, { host: env.HOST });
    assert.equal(keys, undefined);
    assert.deepEqual(aliases, { a: "${HOST}" });
    assert.deepEqual(upstreams, [
      { provider: "demo", weight: 2.5, forwarded: true, name: "0123", keys: ["null"] },
    ]);
  });
});

test(".env files are read: the environment goes first, then the file beside the configuration", async () => {
  const files = {
    ".env": "A=cwd\nB=cwd\nC=cwd\n",
    "etc/.env": "# a comment\nexport B=beside\nC='beside # no comment'\nD=\"two\nlines\" # one\n",
    "etc/gate.yaml": "aliases: { a: '${A}', b: '${B}', c: '${C}', d: '${D}', e: '${E:-none}' }\n",
  };
  await inFolder(files, async (folder) => {
    const loaded = await folder.load({ file: "etc/gate.yaml", env: { A: "real", E: "" } });
    assert.deepEqual(loaded.config.aliases, {
      a: "real",
      b: "beside",
      c: "beside # no comment",
      d: "two\nlines",
      e: "none",
    });
    for (const name of [".env", "etc/.env"]) assert.ok(loaded.files.includes(join(folder.path, name)));
  });
});

test("no secret shows in a mistake, wherever it stands and however the mistake came about", async () => {
  const secret = "correct-horse-battery";
  const text = `
upstreams:
  - { provider: demo, key: [${secret}], weight: \${DB_PASSWORD} }
  - { provider: demo, headers: { x-api-key: "${secret}\\n" }, baseURL: "https://me:${secret}@a.test" }
keys: ["${secret}\${x y", "${secret}", "${secret}"]
state: { driver: redis, url: "redis://:${secret}@host" , password: ${secret} }
server: { host: 5, port: ${secret}, maxBody: "sk-${secret}" }
`;
  await inFolder({ "sluice.yaml": text }, async (folder) => {
    const mistakes = await folder.mistakes({ env: { DB_PASSWORD: "hunter2hunter2" } });
    assert.ok(mistakes.length >= 9, mistakes.join("\n"));
    assert.doesNotMatch(mistakes.join("\n"), /horse|hunter2hunter2|x y/);
  });
});
