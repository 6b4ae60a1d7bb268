import assert from "node:assert/strict";
import { test } from "node:test";
import { inFolder, pluginNames } from "./_folder.ts";

test("presets lie under what extends them, in order, each once", async () => {
  const files = {
    "sluice.yaml": "extends: [./a.yaml, ./sub/../b.json, ./sub/c.mjs]\n",
    "a.yaml": `extends: ./base.yaml\naliases: { last: a, a: yes, first: a }\n`,
    "b.json": '{ "extends": ["./base.yaml"], "aliases": { "last": "b", "b": "yes" } }',
    "sub/c.mjs": 'export default { extends: "../base.yaml", aliases: { last: "c", c: "yes" } };',
    "base.yaml": "aliases: { last: base, base: yes, first: base }\n",
  };
  await inFolder(files, async (folder) => {
    const loaded = await folder.load();
    assert.deepEqual(loaded.config.aliases, {
      last: "c",
      // The base lies under all of them, and not once more over the first.
      first: "a",
      base: "yes",
      a: "yes",
      b: "yes",
      c: "yes",
    });
    // The usual pipeline is not there: nobody extends it.
    assert.deepEqual(pluginNames(loaded), []);
    assert.equal(loaded.files.length, 5);
  });
});

test("without `extends` it is the default preset, with an empty list nothing", async () => {
  await inFolder({ "a.yaml": "server: {}\n", "b.yaml": "extends: []\n" }, async (folder) => {
    const usual = pluginNames(await folder.load({ file: "a.yaml" }));
    for (const name of ["auth", "rate-limit", "routing", "retry"]) assert.ok(usual.includes(name), name);
    assert.deepEqual(pluginNames(await folder.load({ file: "b.yaml" })), []);
    const more = { file: "b.yaml", presets: ["default"] };
    assert.deepEqual(pluginNames(await folder.load(more)), usual);
  });
});

test("a preset that is not there, or is none, is told where it is named, all of them at once", async () => {
  const text = `
extends:
  - defualt
  - ./none.yaml
  - 5
  - ./broken.yaml
  - ""
upstreams: {}
`;
  await inFolder({ "sluice.yaml": text, "broken.yaml": "server: [" }, async (folder) => {
    const mistakes = (await folder.mistakes()).join("\n");
    assert.match(mistakes, /^sluice\.yaml:3:5 extends\[0\]: "defualt", which is .*did you mean "default"/m);
    assert.match(mistakes, /^sluice\.yaml:4:5 extends\[1\]: "none\.yaml", no file; /m);
    assert.match(
      mistakes,
      /^sluice\.yaml:5:5 extends\[2\]: a number; presets: names, packages, paths or URLs/m,
    );
    assert.match(mistakes, /^sluice\.yaml:7:5 extends\[4\]: ""; presets/m);
    assert.match(mistakes, /^broken\.yaml:1:\d+ \(top\): /m);
    assert.match(mistakes, /^sluice\.yaml:8:12 upstreams: an empty map; a list/m);
  });
});

test("circles end, and are told where they close", async () => {
  const files = {
    "sluice.yaml": "extends: ./a.yaml\n",
    "a.yaml": "extends: ./b.yaml\n",
    "b.yaml": "server: {}\nextends: [./a.yaml]\n",
    "self.yaml": "extends: ./self.yaml\n",
  };
  await inFolder(files, async (folder) => {
    const expected = "presets that do not extend each other in a circle";
    assert.deepEqual(await folder.mistakes(), [
      `b.yaml:2:11 extends[0]: "./a.yaml", which extends itself; ${expected}`,
    ]);
    const [self] = await folder.mistakes({ file: "self.yaml" });
    assert.equal(self, `self.yaml:1:10 extends: "./self.yaml", which extends itself; ${expected}`);
  });
});

test("a mistake in a preset is told with the preset's file, line and path", async () => {
  const files = {
    "sluice.yaml":
      "extends: [./team.yaml]\nupstreams: [{ provider: demo }]\nplugins: [{ retry: { attempts: 2 } }]\n",
    "team.yaml": `
extends: default
upstreams:
  - { provider: demo, weigth: 2 }
plugins:
  - auth
  - retry: { backoff: { base: soon } }
`,
  };
  await inFolder(files, async (folder) => {
    const mistakes = await folder.mistakes();
    assert.match(mistakes[0] ?? "", /^team\.yaml:4:23 upstreams\[0\]\.weigth: unknown key .*"weight"/);
    assert.match(mistakes[1] ?? "", /^team\.yaml:7:31 plugins\[1\]\.retry\.backoff\.base: "soon"; /);
    assert.equal(mistakes.length, 2);
  });
});

test("presets and plugins are found in packages beside the configuration", async () => {
  const manifest = (name: string): string =>
    JSON.stringify({ name, version: "1.0.0", type: "module", exports: "./index.js" });
  const files = {
    "sluice.yaml": "extends: [team-preset]\nplugins: ['@team/greeter']\n",
    "node_modules/team-preset/package.json": manifest("team-preset"),
    "node_modules/team-preset/index.js":
      'export default { name: "team", load: () => ({ aliases: { a: "b" }, plugins: ["@team/greeter"] }) };',
    "node_modules/@team/greeter/package.json": manifest("@team/greeter"),
    "node_modules/@team/greeter/index.js": 'export default { name: "greeter", setup: () => ({}) };',
  };
  await inFolder(files, async (folder) => {
    const loaded = await folder.load();
    assert.deepEqual(loaded.config.aliases, { a: "b" });
    assert.deepEqual(pluginNames(loaded), ["greeter"]);
  });
});
