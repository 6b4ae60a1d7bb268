import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import * as v from "valibot";
import { parse } from "yaml";
import { buildJSONSchema } from "../../config/json-schema.ts";
import { defaultFiles, defaultServer, defaultTimeouts } from "../../core/defaults.ts";
import { duration, size } from "../../core/duration.ts";
import { builtin, providers } from "../../plugins/index.ts";
import { inFolder, pluginNames } from "./_folder.ts";
import { resolve, schemasIn } from "./_json-schema.ts";
import type { Schema } from "./_json-schema.ts";

const folder = new URL("../../config/", import.meta.url);
const readText = (name: string): Promise<string> => readFile(new URL(name, folder), "utf8");
const schema = JSON.parse(await readText("schema.json")) as Schema;
/** Strict: an unknown keyword or a reference that leads nowhere throws. */
const isValid = new Ajv({
  strict: true,
  allowUnionTypes: true,
  formats: { uri: (text: string) => URL.canParse(text) },
}).compile(schema);
const sections = schema.properties as Record<string, Schema>;
const readme = await readText("README.md");

/** What the example's variables hold. */
const env = {
  OPENAI_API_KEY: "sk-first-key-of-the-example-0001",
  ANTHROPIC_API_KEY: "sk-ant-key-of-the-example",
  TEAM_KEY: "sk-team-key-of-the-example",
};

test("schema.json is what generate-schema.ts makes now", async () => {
  const made = `${JSON.stringify(await buildJSONSchema(builtin, providers), null, 2)}\n`;
  assert.ok(made === (await readText("schema.json")), "run `npm run schema`");
});

test("every reference in the schema leads somewhere, and every key says what it is for", () => {
  for (const inner of schemasIn(schema)) {
    if (typeof inner.$ref === "string") resolve(inner.$ref, schema);
  }
  const { server, state } = sections;
  for (const section of [schema, server, state, entryOf("upstreams"), entryOf("keys")]) {
    for (const [name, property] of Object.entries((section?.properties ?? {}) as Record<string, Schema>)) {
      assert.ok(property.description, `${name} has no description`);
    }
  }
});

test("the example loads, says everything there is to say, and is valid for editors too", async () => {
  const text = await readText("example.yaml");
  assert.match(text, /^# yaml-language-server: \$schema=\.\/schema\.json\n/);
  await inFolder({}, async ({ load }) => {
    const loaded = await load({ file: fileURLToPath(new URL("example.yaml", folder)), env });
    assert.equal(loaded.config.upstreams.length, 4);
    assert.ok(pluginNames(loaded).includes("cache"));
    assert.ok(!pluginNames(loaded).includes("protocols/gemini"));
  });
  assert.equal(isValid(parse(text, { merge: true })), true);
  for (const name of allKeys()) {
    if (name !== "$schema" && name !== "options") assert.match(text, new RegExp(`\\b${name}:`), name);
  }
});

/** The rows of the README's table of keys: the names in the first cell, and the last cell. */
const rows = readme
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (---|key )/.test(line))
  .map((line) => line.split(" | "))
  .map((cells) => ({ keys: codeIn(cells[0]), defaults: codeIn(cells.at(-1)) }));

function codeIn(cell = ""): string[] {
  return [...cell.matchAll(/`([^`[]+)(?:\[\])?`/g)].map(([, code]) => code ?? "");
}

test("the README's table and the schema name the same keys", () => {
  const named = new Set(rows.flatMap(({ keys }) => keys));
  const known = new Set(allKeys().filter((name) => name !== "$schema"));
  assert.deepEqual([...named].toSorted(), [...known].toSorted());
});

test("the README's defaults are those of the gateway", () => {
  const { trustProxy: _, modelTimeouts: _none, ...plain } = defaultServer;
  const shown = new Map(
    rows.flatMap(({ keys, defaults }) => keys.map((key, index) => [key, defaults[index]])),
  );
  for (const [key, value] of Object.entries(plain)) {
    const text = shown.get(key);
    const readings = [text, Number(text), read(duration, text), read(size, text)];
    assert.ok(readings.includes(value), `${key}: ${text} for ${value}`);
  }
  const timeouts = rows.find(({ keys }) => keys[0] === "timeouts")?.defaults ?? [];
  assert.deepEqual(
    timeouts.map((text) => read(duration, text)),
    Object.values(defaultTimeouts),
  );
  const [maxSize, timeout] = rows.find(({ keys }) => keys[0] === "files")?.defaults ?? [];
  const files = { maxSize: read(size, maxSize), timeout: read(duration, timeout), allow: [] };
  assert.deepEqual(files, defaultFiles);

  function read(schema: typeof duration, text: string | undefined): number | undefined {
    if (text === "0") return 0;
    const result = v.safeParse(schema, text);
    return result.success ? result.output : undefined;
  }
});

test("the schema and the loader agree on what is right and wrong", async () => {
  const right: object[] = [
    {},
    { extends: "default" },
    { extends: [], reloadInterval: 0, $schema: "./schema.json" },
    {
      server: { port: "${PORT}", maxBody: "1.5 MiB", requestTimeout: "10s", onClientGone: "${WHAT:-drain}" },
    },
    { server: { timeouts: { total: 0, connect: "500ms" } } },
    { server: { files: { maxSize: "1MiB", timeout: 500, allow: ["10.0.0.0/8"] } } },
    {
      upstreams: [
        { provider: "openai", key: "${KEY}", models: ["a", { b: "c" }], prefix: "/a", weight: 0.5 },
      ],
    },
    { upstreams: [{ provider: "demo", forwarded: "${NO:-false}", keyHeader: "x-key" }] },
    { keys: ["sk-a", { key: "sk-b", limits: ["60/min"], expires: "2099-01-01" }] },
    { plugins: ["auth", { retry: { attempts: 2 } }, { "rate-limit": false }] },
    { plugins: { auth: null, retry: false, cache: { ttl: "${TTL:-5m}" } } },
  ];
  const wrong: object[] = [
    { servr: {} },
    { server: { prt: 1 } },
    { server: { port: 1.5 } },
    { server: { port: "many" } },
    { server: { requestTimeout: "10 parsecs" } },
    { server: { files: { maxSize: "big" } } },
    { server: { files: { deny: [] } } },
    { server: [] },
    { state: { driver: "disk" } },
    { upstreams: {} },
    { upstreams: [{}] },
    { upstreams: [{ provider: "demo", weigth: 1 }] },
    { upstreams: [{ provider: "demo", models: "a" }] },
    { keys: [{ name: "a" }] },
    { keys: [{ key: "sk-a", modles: [] }] },
    { plugins: [{ retry: { atempts: 2 } }] },
    { plugins: { auth: { anonymous: "yes" } } },
    { plugins: [{ auth: {}, retry: {} }] },
    { plugins: "auth" },
  ];
  await inFolder({}, async ({ write, load, mistakes }) => {
    const variables = { PORT: "1", KEY: "sk-key" };
    for (const config of right) {
      await write({ "a.json": JSON.stringify(config) });
      assert.equal(isValid(config), true, JSON.stringify(config));
      await load({ file: "a.json", env: variables });
    }
    for (const config of wrong) {
      await write({ "a.json": JSON.stringify(config) });
      assert.equal(isValid(config), false, JSON.stringify(config));
      assert.ok((await mistakes({ file: "a.json" })).length > 0);
    }
  });
});

/** One entry of a list, in its long form. */
function entryOf(name: string): Schema {
  const items = sections[name]?.items as Schema;
  return (items.anyOf as Schema[] | undefined)?.find(({ type }) => type === "object") ?? items;
}

/** The names of all keys of the configuration itself: not of plugins' options, nor of what a value is made of. */
function allKeys(): string[] {
  const within = [sections.server, sections.state, entryOf("upstreams"), entryOf("keys")];
  const keys = within.flatMap((section) => Object.keys((section?.properties ?? {}) as object));
  return [...new Set([...Object.keys(sections), ...keys])];
}
