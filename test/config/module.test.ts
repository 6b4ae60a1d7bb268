import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { createGateway } from "../../config/index.ts";
import { inFolder, pluginNames } from "./_folder.ts";

const upstream = 'upstreams: [{ provider: "demo", name: NAME }]';

test("a module exports a configuration, or a function that yields one, in TypeScript or JavaScript", async () => {
  const files = {
    "object.ts": `
import { defineConfig } from "sluice";
import type { Config } from "sluice";
const name: string = "object";
export default defineConfig({ ${upstream.replace("NAME", "name as string")} } satisfies Config);
`,
    "function.mts": `
import { defineConfig } from "sluice";
export default defineConfig(async ({ env, cwd, readFile, log }) => {
  log.info(cwd);
  const name = (await readFile("name.txt")) ?? "nothing";
  return { ${upstream.replace("NAME", "name.trim() + (env.END ?? '')")} };
});
`,
    "name.txt": "from-file\n",
    ".env": "END=-end\n",
    "plain.mjs": `export default { ${upstream.replace("NAME", '"plain"')} };`,
    "common.cjs": `module.exports = { ${upstream.replace("NAME", '"common"')} };`,
    "helped.ts": `
import { nameOf } from "./lib/helper.ts";
export default { ${upstream.replace("NAME", "nameOf(1)")} };
`,
    "lib/helper.ts": "export function nameOf(index: number): string { return `helped-${index}`; }",
  };
  await inFolder(files, async (folder) => {
    const nameOf = async (file: string): Promise<unknown> =>
      (await folder.load({ file })).config.upstreams[0]?.name;
    assert.equal(await nameOf("object.ts"), "object");
    assert.equal(await nameOf("function.mts"), "from-file-end");
    assert.deepEqual(folder.messages, [folder.path]);
    assert.equal(await nameOf("plain.mjs"), "plain");
    assert.equal(await nameOf("common.cjs"), "common");
    assert.equal(await nameOf("helped.ts"), "helped-1");
    const { files: read } = await folder.load({ file: "function.mts" });
    assert.ok(read.includes(join(folder.path, "name.txt")), "what readFile read is watched");
  });
});

test("a plugin beside a configuration may use what Sluice comes with, and works", async () => {
  const files = {
    "sluice.yaml": "extends: []\nplugins: [{ ./greeter.ts: { header: x-greeting } }]\n",
    "greeter.ts": `
import { definePlugin } from "sluice";
import * as v from "valibot";
import { HTTPError } from "h3";

const options = v.strictObject({ header: v.optional(v.string(), "x-hello"), status: v.optional(v.number(), 418) });

export default definePlugin({
  name: "greeter",
  options,
  setup: ({ header, status }) => ({
    routes: (app) => {
      app.get("/hello", () => new Response(null, { status, headers: { [header]: HTTPError.name } }));
    },
  }),
});
`,
  };
  await inFolder(files, async (folder) => {
    const gateway = await createGateway(await folder.load());
    const response = await gateway.fetch(new Request("http://gateway/hello"));
    assert.equal(response.status, 418);
    assert.equal(response.headers.get("x-greeting"), "HTTPError");
    await gateway.close();
    await folder.write({ "sluice.yaml": "extends: []\nplugins: [{ ./greeter.ts: { headr: x } }]\n" });
    const [mistake] = await folder.mistakes();
    assert.match(
      mistake ?? "",
      /^sluice\.yaml:2:29 plugins\[0\]\[".\/greeter.ts"\]\.headr: unknown key .*"header"/,
    );
  });
});

test("a provider can be a module beside the configuration, named once or often", async () => {
  const provider = `
import { defineProvider } from "sluice";
export default defineProvider({ name: "mine", url: (target) => target.upstream.baseURL, authenticate() {} });
`;
  const files = {
    "sluice.yaml":
      "extends: []\nupstreams: [{ provider: ./mine.ts, name: a }, { provider: ./mine.ts, name: b }]\n",
    "mine.ts": provider,
  };
  await inFolder(files, async (folder) => {
    const loaded = await folder.load();
    assert.deepEqual(pluginNames(loaded), ["mine"]);
    assert.deepEqual(
      loaded.config.upstreams.map(({ provider }) => provider),
      ["mine", "mine"],
    );
  });
});

test("what is wrong with a module is told with its file, and without a stack", async () => {
  const files: Record<string, string> = {
    "syntax.ts": "const a: string = 1;\nexport default { a: = };\n",
    "throws.ts": 'throw new Error("no luck with sk-secret-key-of-mine");\nexport default {};\n',
    "function.ts": 'export default () => { throw new Error("no luck"); };\n',
    "import.ts": 'import "./none.ts";\nexport default {};\n',
    "package.ts": 'import "not-a-package-of-anyone";\nexport default {};\n',
    "nothing.ts": "export const a = 1;\n",
    "number.ts": "export default 5;\n",
    "circle.ts": "const a: any = {}; a.server = a; a.state = a; export default a;\n",
    "told.ts": `
import { ConfigError } from "sluice";
export default () => {
  throw new ConfigError([{ path: ["a", 0], file: "list.txt", line: 7, found: "b", expected: "c" }]);
};
`,
  };
  const expected: Record<string, RegExp> = {
    "syntax.ts": /^syntax\.ts:2:\d+ \(top\): a syntax error: .*; a module that loads$/,
    "throws.ts":
      /^throws\.ts \(top\): a module that fails to load: no luck with sk-…mine; a module that loads$/,
    "function.ts": /^function\.ts \(top\): an error: no luck; a configuration$/,
    "import.ts": /^import\.ts \(top\): an import that leads nowhere: .*none\.ts/,
    "package.ts": /^package\.ts \(top\): an import that leads nowhere: .*not-a-package-of-anyone/,
    "nothing.ts": /^nothing\.ts \(top\): a module without a default export; a module that loads$/,
    "number.ts": /^number\.ts \(top\): 5; a map with keys/,
    "circle.ts": /^circle\.ts \(top\): lists or maps that are nested too deep/,
    "told.ts": /^list\.txt:7 a\[0\]: b; c$/,
  };
  await inFolder(files, async (folder) => {
    for (const [file, mistake] of Object.entries(expected)) {
      const mistakes = await folder.mistakes({ file });
      assert.match(mistakes[0] ?? "", mistake);
      assert.equal(mistakes.length, 1, mistakes.join("\n"));
      assert.doesNotMatch(mistakes.join(), /\n|    at /);
    }
  });
});

test("plugins that cannot be loaded are told where they are named, or in their own file", async () => {
  const files = {
    "sluice.yaml": `
extends: []
plugins:
  - ./none.ts
  - ./broken.ts
  - ./no-plugin.ts
  - https://a.test/plugin.js
  - not-installed-at-all
upstreams: [{ provider: ./broken.ts }]
`,
    "broken.ts": "export default {\n  a: =\n};\n",
    "no-plugin.ts": "export default { name: 5 };\n",
  };
  await inFolder(files, async (folder) => {
    const mistakes = (await folder.mistakes()).join("\n");
    assert.match(
      mistakes,
      /^sluice\.yaml:4:5 plugins\[0\]: "\.\/none\.ts", .*no file; a plugin: a built-in/m,
    );
    assert.match(mistakes, /^broken\.ts:2:\d+ \(top\): a syntax error: .*; a plugin$/m);
    assert.match(mistakes, /^no-plugin\.ts \(top\): a module whose default export is no plugin; a plugin$/m);
    assert.match(mistakes, /^sluice\.yaml:7:5 plugins\[3\]: .*code from the network, which is never run/m);
    assert.match(mistakes, /^sluice\.yaml:8:5 plugins\[4\]: "not-installed-at-all", .*no installed package/m);
    assert.equal(mistakes.split("\n").length, 5, mistakes);
  });
});

test("a module that changed is read anew", async () => {
  const config = (begin: string, name: string): string =>
    `${begin} { ${upstream.replace("NAME", `"${name}"`)} };`;
  const kinds = {
    "a.ts": 'import "sluice";\nexport default',
    "b.mjs": 'import "sluice";\nexport default',
    "c.js": 'import "sluice";\nexport default',
    "d.cjs": "module.exports =",
  };
  await inFolder({}, async (folder) => {
    for (const [file, begin] of Object.entries(kinds)) {
      for (const name of ["before", "afterwards"]) {
        await folder.write({ [file]: config(begin, name) });
        assert.equal((await folder.load({ file })).config.upstreams[0]?.name, name, file);
      }
    }
  });
});
