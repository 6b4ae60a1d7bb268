import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { inFolder, pluginNames } from "./_folder.ts";

const one = "upstreams: [{ provider: demo, name: NAME }]\n";
const named = (name: string): string => one.replace("NAME", name);

test("the first of the known names is read, and the file that is named goes before them", async () => {
  const files = {
    "sluice.yml": named("yml"),
    "sluice.json": '{ "upstreams": [{ "provider": "demo", "name": "json" }] }',
    "sluice.mjs": 'export default { upstreams: [{ provider: "demo", name: "mjs" }] };',
    "other/own.yaml": named("own"),
  };
  await inFolder(files, async (folder) => {
    const nameOf = async (options?: object): Promise<unknown> =>
      (await folder.load(options)).config.upstreams[0]?.name;
    assert.equal(await nameOf(), "yml");
    await folder.write({ "sluice.yaml": named("yaml") });
    assert.equal(await nameOf(), "yaml");
    assert.equal(await nameOf({ env: { SLUICE_CONFIG: "sluice.mjs" } }), "mjs");
    assert.equal(await nameOf({ file: "other/own.yaml", env: { SLUICE_CONFIG: "sluice.json" } }), "own");
    assert.equal(await nameOf({ file: join(folder.path, "sluice.json") }), "json");
    assert.equal(await nameOf({ file: pathToFileURL(join(folder.path, "sluice.yml")).href }), "yml");
    assert.equal((await folder.load()).source, "sluice.yaml");
  });
});

test("without any file it is the demo, and with presets those", async () => {
  await inFolder({ "extra.yaml": named("extra") }, async (folder) => {
    const demo = await folder.load();
    assert.equal(demo.source, "preset demo");
    assert.equal(demo.config.upstreams[0]?.name, "demo");
    assert.ok(demo.absent.includes(join(folder.path, "sluice.yaml")));

    const extra = await folder.load({ presets: ["./extra.yaml"] });
    assert.equal(extra.source, "preset ./extra.yaml");
    assert.deepEqual(pluginNames(extra), ["providers/demo"]);

    const object = await folder.load({ file: false, config: { upstreams: [{ provider: "demo" }] } });
    assert.equal(object.source, "an object");
    assert.ok(pluginNames(object).includes("auth"));
  });
});

test("durations, sizes and short forms come out as core wants them", async () => {
  const text = `
server:
  port: 0
  maxBody: 1KiB
  requestTimeout: 1.5s
  onClientGone: drain
  drainTimeout: 2min
  shutdownTimeout: 250
  trustProxy: [10.0.0.0/8, "::1"]
  timeouts: { connect: 1s, firstByte: 500ms, silence: 1d, total: 2h }
state: { driver: fs, path: ./data, snapshotInterval: 5s }
upstreams:
  - { provider: openai, key: sk-one-of-the-upstream, prefix: /openai, models: [a, { b: c }] }
  - { provider: anthropic, keys: sk-two-of-the-upstream, weight: 0.5, priority: -1 }
  - { provider: providers/demo, keys: [sk-three, sk-four] }
keys: [sk-caller-number-one, { key: sk-caller-number-two, limits: [60/min] }]
aliases: { x: a }
`;
  await inFolder({ "sluice.yaml": text }, async (folder) => {
    const { config, reloadInterval } = await folder.load();
    assert.deepEqual(config.server, {
      port: 0,
      maxBody: 1024,
      requestTimeout: 1500,
      onClientGone: "drain",
      drainTimeout: 120_000,
      shutdownTimeout: 250,
      trustProxy: ["10.0.0.0/8", "::1"],
      timeouts: { connect: 1000, firstByte: 500, silence: 86_400_000, total: 7_200_000 },
    });
    assert.deepEqual(config.state, { driver: "fs", path: "./data", snapshotInterval: 5000 });
    assert.deepEqual(
      config.upstreams.map(({ provider, keys }) => [provider, keys]),
      [
        ["openai", ["sk-one-of-the-upstream"]],
        ["anthropic", ["sk-two-of-the-upstream"]],
        ["demo", ["sk-three", "sk-four"]],
      ],
    );
    assert.deepEqual(config.keys?.[0], { key: "sk-caller-number-one" });
    assert.deepEqual(config.aliases, { x: "a" });
    assert.equal(reloadInterval, 60_000);
  });
});

test("sections without anything in them count as missing, and so does an empty file", async () => {
  const text = "upstreams:\n#  - provider: openai\nkeys:\nplugins:\nserver:\n  port: 1\n";
  await inFolder({ "sluice.yaml": text, "empty.yaml": "", "blank.json": "// nothing\n" }, async (folder) => {
    const { config } = await folder.load();
    assert.deepEqual(config.upstreams, []);
    assert.equal(config.keys, undefined);
    assert.deepEqual(config.server, { port: 1 });
    for (const file of ["empty.yaml", "blank.json"]) {
      assert.ok(pluginNames(await folder.load({ file })).includes("auth"), file);
    }
  });
});

test("every mistake of every section is told at once, each with its place", async () => {
  const text = `
servr: { port: 1 }
server:
  port: 70000
  onClientGone: aborted
upstreams:
  - provider: opnai
    modles: [a]
    baseURL: ftp://x
keys:
  - role: user
  - { key: 5, expires: 2027-02-30 }
plugins:
  - rate-limt
  - retry: { atempts: 3 }
`;
  await inFolder({ "sluice.yaml": text }, async (folder) => {
    const mistakes = await folder.mistakes();
    const top = "$schema, extends, reloadInterval, server, state, upstreams, keys, aliases, plugins";
    assert.deepEqual(mistakes.slice(0, 3), [
      `sluice.yaml:2:1 servr: unknown key "servr"; one of ${top} (did you mean "server"?)`,
      "sluice.yaml:4:9 server.port: 70000; a port from 0 to 65535",
      'sluice.yaml:5:17 server.onClientGone: "aborted"; one of "abort", "drain" (did you mean "abort"?)',
    ]);
    const rest = mistakes.slice(3).join("\n");
    assert.match(
      rest,
      /^sluice\.yaml:7:15 upstreams\[0\]\.provider: "opnai", which is .*did you mean "openai"/m,
    );
    assert.match(rest, /^sluice\.yaml:8:5 upstreams\[0\]\.modles: unknown key .*did you mean "models"/m);
    assert.match(rest, /^sluice\.yaml:9:14 upstreams\[0\]\.baseURL: "ftp:\/\/x"; an http/m);
    assert.match(rest, /^sluice\.yaml:11:5 keys\[0\]\.key: nothing; text that callers send/m);
    assert.match(rest, /^sluice\.yaml:12:12 keys\[1\]\.key: a number; text .*put it in quotes/m);
    assert.match(rest, /^sluice\.yaml:12:24 keys\[1\]\.expires: "2027-02-30"; a date/m);
    assert.match(rest, /^sluice\.yaml:14:5 plugins\[0\]: "rate-limt", which is .*did you mean "rate-limit"/m);
    assert.match(
      rest,
      /^sluice\.yaml:15:14 plugins\[1\]\.retry\.atempts: unknown key .*did you mean "attempts"/m,
    );
    assert.equal(mistakes.length, 11);
  });
});

test("what cannot be read is said in words", async () => {
  const files = {
    "latin.yaml": new Uint8Array([0x61, 0x3a, 0x20, 0xe9]),
    "large.yaml": `# ${"x".repeat(4 * 1024 * 1024)}`,
    "folder/a.yaml": "",
    "text.yaml": "hello",
  };
  await inFolder(files, async (folder) => {
    const first = async (file: string): Promise<string | undefined> => (await folder.mistakes({ file }))[0];
    const expected = "a configuration in YAML or JSON, or a module";
    assert.equal(await first("latin.yaml"), `latin.yaml (top): bytes that are not UTF-8; ${expected}`);
    assert.equal(await first("large.yaml"), `large.yaml (top): more than 4194304 bytes; ${expected}`);
    assert.equal(await first("folder"), `folder (top): a directory; ${expected}`);
    assert.equal(await first("none.yaml"), `none.yaml (top): no file; ${expected}`);
    const map = "a map with keys such as upstreams, keys and plugins";
    assert.equal(await first("text.yaml"), `text.yaml:1:1 (top): "hello"; ${map}`);
  });
});

test("an object is laid over the file, and every path of the whole can be located", async () => {
  const text = "server:\n  host: 10.0.0.1\n  port: 1\nupstreams:\n  - provider: demo\n";
  await inFolder({ "sluice.yaml": text }, async (folder) => {
    const loaded = await folder.load({
      config: { server: { port: 2 }, upstreams: [{ provider: "openai" }] },
    });
    assert.deepEqual(loaded.config.server, { host: "10.0.0.1", port: 2 });
    assert.deepEqual(
      loaded.config.upstreams.map(({ provider }) => provider),
      ["demo", "openai"],
    );
    const host = { file: "sluice.yaml", line: 2, column: 9, path: ["server", "host"] };
    assert.deepEqual(loaded.locate(["server", "host"]), host);
    assert.equal(loaded.locate(["server", "port"]), undefined);
    const provider = { file: "sluice.yaml", line: 5, column: 15, path: ["upstreams", 0, "provider"] };
    assert.deepEqual(loaded.locate(["upstreams", 0, "provider"]), provider);
    assert.equal(loaded.locate(["upstreams", 1, "provider"]), undefined);
    assert.deepEqual(loaded.raw.server, { host: "10.0.0.1", port: 2 });
    assert.deepEqual(loaded.files, [join(folder.path, "sluice.yaml")]);
  });
});

test("an object that holds itself, or too much, is a mistake like another", async () => {
  await inFolder({}, async (folder) => {
    const circle: Record<string, unknown> = {};
    circle.server = circle;
    circle.state = circle;
    let shared: unknown = {};
    for (let level = 0; level < 60; level++) shared = { a: shared, b: shared };
    for (const config of [circle, { aliases: shared }]) {
      const [mistake] = await folder.mistakes({ file: false, config });
      assert.match(mistake ?? "", /nested too deep or hold too much; at most 100 levels and 500000 values/);
    }
  });
});
