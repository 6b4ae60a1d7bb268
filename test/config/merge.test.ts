import assert from "node:assert/strict";
import { test } from "node:test";
import { inFolder, pluginNames } from "./_folder.ts";
import type { Folder } from "./_folder.ts";

/** A configuration file over one preset. */
function layered(base: string, top: string, work: (folder: Folder) => Promise<void>): Promise<void> {
  return inFolder({ "base.yaml": base, "sluice.yaml": `extends: ./base.yaml\n${top}` }, work);
}

async function pluginsOf(folder: Folder): Promise<unknown> {
  return (await folder.load()).raw.plugins;
}

test("maps merge deeply, lists are replaced, upstreams and keys are appended", async () => {
  const base = `
server: { host: a, trustProxy: [10.0.0.1], timeouts: { connect: 1s, total: 1m } }
upstreams: [{ provider: demo, name: one }]
keys: [sk-first-of-all]
aliases: { a: x, b: y }
`;
  const top = `
server: { port: 1, trustProxy: ["::1"], timeouts: { total: 2m } }
upstreams: [{ provider: demo, name: two }]
keys: [sk-second-of-all]
aliases: { b: z }
`;
  await layered(base, top, async (folder) => {
    const { server, upstreams, keys, aliases } = (await folder.load()).config;
    assert.deepEqual(server, {
      host: "a",
      port: 1,
      trustProxy: ["::1"],
      timeouts: { connect: 1000, total: 120_000 },
    });
    assert.deepEqual(
      upstreams.map(({ name }) => name),
      ["one", "two"],
    );
    assert.deepEqual(keys, [{ key: "sk-first-of-all" }, { key: "sk-second-of-all" }]);
    assert.deepEqual(aliases, { a: "x", b: "z" });
  });
});

test("a plugin keeps its place and gets its options merged, a new one is added at the end", async () => {
  const base = "plugins: [auth, { retry: { attempts: 2, backoff: { base: 1s } } }, { cache: { ttl: 1m } }]\n";
  const top =
    "plugins: [models, { retry: { backoff: { max: 9s } } }, { auth: { anonymous: true } }, cache]\n";
  await layered(base, top, async (folder) => {
    assert.deepEqual(await pluginsOf(folder), [
      { auth: { anonymous: true } },
      { retry: { attempts: 2, backoff: { base: "1s", max: "9s" } } },
      { cache: { ttl: "1m" } },
      "models",
    ]);
  });
});

test("a map of plugins says the same as a list", async () => {
  const base = "plugins: { auth: , retry: { attempts: 2 }, routing: true }\n";
  await layered(base, "plugins: { retry: { attempts: 3 }, routing: false, cache: {} }\n", async (folder) => {
    assert.deepEqual(await pluginsOf(folder), ["auth", { retry: { attempts: 3 } }, { cache: {} }]);
  });
});

test("`false` takes a plugin out, of whichever layer; one that comes again is as new", async () => {
  const base = "plugins: [{ retry: { attempts: 2 } }, auth]\n";
  await layered(base, "plugins: [{ retry: false }, { cache: false }]\n", async (folder) => {
    assert.deepEqual(await pluginsOf(folder), ["auth"]);
    await folder.write({ "top.yaml": "extends: ./sluice.yaml\nplugins: [retry]\n" });
    const { raw } = await folder.load({ file: "top.yaml" });
    assert.deepEqual(raw.plugins, ["auth", "retry"]);
  });
  await layered(base, "plugins:\n  - retri: false\n", async (folder) => {
    const [mistake] = await folder.mistakes();
    assert.match(mistake ?? "", /^sluice\.yaml:3:5 plugins\[0\]\.retri: "retri", which is not .*"retry"/);
  });
});

test("a plugin twice in one list, and entries that are none, are mistakes", async () => {
  const text = `
plugins:
  - auth
  - { auth: { anonymous: true } }
  - { cache: {}, retry: {} }
  - 5
  - [retry]
  - ""
`;
  await inFolder({ "sluice.yaml": `extends: []\n${text}` }, async (folder) => {
    const mistakes = await folder.mistakes();
    const places = mistakes.map((mistake) => mistake.slice(0, mistake.indexOf(";")));
    assert.deepEqual(places, [
      'sluice.yaml:5:7 plugins[1].auth: "auth", a second time',
      "sluice.yaml:6:5 plugins[2]: a map",
      "sluice.yaml:7:5 plugins[3]: 5",
      "sluice.yaml:8:5 plugins[4]: a list",
      'sluice.yaml:9:5 plugins[5]: ""',
    ]);
  });
  await inFolder({ "sluice.yaml": "extends: []\nplugins: auth\n" }, async (folder) => {
    const [mistake] = await folder.mistakes();
    const expected = "a list of plugins, or a map from names to options";
    assert.equal(mistake, `sluice.yaml:2:10 plugins: "auth"; ${expected}`);
  });
});

test("a path means the same plugin wherever it is named from", async () => {
  const plugin = (name: string): string =>
    `export default { name: "${name}", options: undefined, setup: () => ({}) };`;
  const files = {
    "plugin.mjs": plugin("upper"),
    "sub/plugin.mjs": plugin("lower"),
    "sub/base.yaml": "plugins: [../plugin.mjs, ./plugin.mjs]\n",
    "sluice.yaml": "extends: ./sub/base.yaml\nplugins: [{ ./sub/plugin.mjs: false }, ./plugin.mjs]\n",
  };
  await inFolder(files, async (folder) => {
    assert.deepEqual(pluginNames(await folder.load()), ["upper"]);
  });
});

test("options of plugins are validated after merging, wherever they came from", async () => {
  const base = "plugins: [{ retry: { attempts: 2 } }]\n";
  await layered(base, "plugins:\n  retry:\n    atempts: 3\n  routing: 5\n  auth: []\n", async (folder) => {
    const mistakes = await folder.mistakes();
    assert.match(mistakes[0] ?? "", /^sluice\.yaml:4:5 plugins\.retry\.atempts: unknown key .*"attempts"/);
    assert.match(mistakes[1] ?? "", /^sluice\.yaml:5:12 plugins\.routing: 5; a map/);
    assert.match(mistakes[2] ?? "", /^sluice\.yaml:6:9 plugins\.auth: an empty list; a map/);
    assert.equal(mistakes.length, 3);
  });
});
