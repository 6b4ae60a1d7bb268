import assert from "node:assert/strict";
import { test } from "node:test";
import { builtin, providers } from "../../../../plugins/index.ts";
import { reasoningQuirks } from "../../../../plugins/providers/openai-compatible/vendor.ts";
import type { Quirks, Vendor } from "../../../../plugins/providers/openai-compatible/vendor.ts";
import { vendors } from "../../../../plugins/providers/openai-compatible/vendors.ts";
import { localVendors } from "../../../../plugins/providers/openai-compatible/vendors-local.ts";

const isWord = (value: unknown): boolean => typeof value === "string" && /^[a-z_]+$/.test(value);
const areWords = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isWord);

/** Every quirk that there is, and what it may be. */
const quirkValues: Record<keyof Required<Quirks>, (value: never) => boolean> = {
  maxTokens: (value) => value === "max_tokens",
  developerRole: (value) => value === false,
  streamUsage: (value) => value === false,
  textParts: (value) => value === false,
  jsonSchema: (value) => value === false,
  strictTools: (value) => value === false,
  choices: (value) => value === 1,
  stopLimit: (value: number) => Number.isInteger(value) && value > 0,
  reasoning: (value) => (reasoningQuirks as readonly string[]).includes(value),
  efforts: (value: string[]) =>
    value.every((one) => ["none", "minimal", "low", "medium", "high", "xhigh", "max"].includes(one)),
  drops: areWords,
  toolChoices: areWords,
  renames: (value: object) => Object.entries(value).flat().every(isWord),
  adds: (value: object) => Object.keys(value).every(isWord),
};

const rowMembers: (keyof Vendor)[] = [
  "name",
  "baseURL",
  "source",
  "date",
  "chat",
  "operations",
  "paths",
  "takes",
  "prefill",
  "listsModels",
  "quirks",
];
const chats = ["openai-completions", "openai-responses", "anthropic"];
const operations = [
  "embeddings",
  "image",
  "image-edit",
  "speech",
  "transcription",
  "translation",
  "rerank",
  "moderation",
  "files",
  "batches",
];
const extensions = [
  "top_k",
  "cache_control",
  "reasoning_content",
  "reasoning_details",
  "input_type",
  "extra_content",
];

for (const vendor of vendors) {
  test(`the row of ${vendor.name} is of its form`, () => {
    const { name, baseURL, source, date, quirks = {}, paths = {}, chat = [], takes = [] } = vendor;
    assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert.deepEqual(
      Object.keys(vendor).filter((member) => !rowMembers.includes(member as keyof Vendor)),
      [],
    );
    assert.equal(new URL(source).protocol, "https:");
    assert.ok(/^\d{4}-\d\d-\d\d$/.test(date) && !Number.isNaN(Date.parse(date)));
    if (baseURL !== undefined) assertBaseURL(vendor, baseURL);
    else assert.equal(name, "openai-compatible");
    for (const [from, to] of Object.entries(paths))
      assert.match(`${from} ${to}`, /^\/\w[\w/]*\w \/[\w/]*\w$/);
    assert.deepEqual(
      chat.filter((one) => !chats.includes(one)),
      [],
    );
    assert.deepEqual(
      (vendor.operations ?? []).filter((one) => !operations.includes(one)),
      [],
    );
    assert.deepEqual(
      takes.filter((one) => !extensions.includes(one)),
      [],
    );
    const { message, body, ...unknown } = typeof vendor.prefill === "object" ? vendor.prefill : {};
    assert.deepEqual(unknown, {});
    assert.ok(Object.keys({ ...message, ...body }).every(isWord));
    for (const [quirk, value] of Object.entries(quirks) as [keyof Quirks, never][]) {
      assert.ok(quirkValues[quirk]?.(value), `${quirk}: ${JSON.stringify(value)}`);
    }
  });
}

/** Services are reached over https, one's own servers on this machine; the URL ends where `/chat/completions` begins. */
function assertBaseURL(vendor: Vendor, baseURL: string): void {
  const url = new URL(baseURL);
  assert.equal(url.href.replace(/\/$/, ""), baseURL);
  assert.ok(!baseURL.endsWith("/"));
  assert.deepEqual([url.search, url.hash, url.username, url.password], ["", "", "", ""]);
  const isLocal = localVendors.includes(vendor);
  assert.deepEqual([url.protocol, url.hostname === "localhost"], [isLocal ? "http:" : "https:", isLocal]);
  assert.ok(!url.pathname.includes("/chat"));
}

test("there are many vendors, each name once, and none that has a provider of its own", () => {
  const names = vendors.map(({ name }) => name);
  assert.ok(names.length >= 40);
  assert.equal(new Set(names).size, names.length);
  const own = Object.keys(builtin).map((plugin) => plugin.replace(/^providers\//, ""));
  assert.deepEqual(
    names.filter((name) => own.includes(name)),
    ["openai-compatible"],
  );
  assert.deepEqual(Object.keys(providers).sort(), [...names].sort());
});

test("a path of its own belongs to a protocol that it speaks", () => {
  for (const { name, paths = {}, chat = [] } of vendors) {
    if ("/messages" in paths) assert.ok(chat.includes("anthropic"), name);
  }
});
