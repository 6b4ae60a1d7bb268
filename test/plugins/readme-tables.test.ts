import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { parse } from "yaml";
import { duration, stages } from "../../core/index.ts";
import { builtin } from "../../plugins/index.ts";
import defaultPreset from "../../presets/default.ts";
import { readme } from "./_readme.ts";

/** Names in backticks. */
const named = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

/** The rows of the table under a header row, as trimmed cells. */
function rows(header: string): string[][] {
  const from = readme.indexOf(`| ${header} |`);
  assert.ok(from >= 0, `there is no table ${header}`);
  const lines = readme.slice(from).split("\n").slice(2);
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines.slice(0, end < 0 ? undefined : end).map((line) => {
    const cells = line.split("|").slice(1, -1);
    return cells.map((cell) => cell.trim());
  });
}

/** Every option of a schema by its dotted path, with its default. */
function optionsOf(schema: v.GenericSchema | undefined, prefix = ""): Map<string, unknown> {
  const { entries } = (schema ?? {}) as { entries?: Record<string, v.GenericSchema> };
  const found = new Map<string, unknown>();
  for (const [name, entry] of Object.entries(entries ?? {})) {
    const { wrapped } = entry as { wrapped?: v.GenericSchema };
    const nested = optionsOf(wrapped, `${prefix}${name}.`);
    const isGroup = nested.size > 0 && [...nested.values()].some((one) => one !== undefined);
    if (isGroup) for (const [path, value] of nested) found.set(path, value);
    else found.set(prefix + name, v.getDefault(entry));
  }
  return found;
}

/** What a default cell says of each of the row's options: a value, or undefined for words. */
function toldDefault(cell: string, index: number): unknown {
  const values = named(cell);
  const text = values[index] ?? values[0];
  return text === undefined ? undefined : parse(text);
}

function sameDefault(told: unknown, real: unknown): boolean {
  const isNothing = real === undefined || (Array.isArray(real) && real.length === 0);
  if (told === undefined) return isNothing;
  if (typeof real === "number" && typeof told === "string") return v.parse(duration, told) === real;
  return JSON.stringify(told) === JSON.stringify(real);
}

test("the page lists every built-in plugin, and no other", () => {
  const listed = rows("plugin | stage | what it does").flatMap(([cell = ""]) => named(cell));
  assert.deepEqual(listed.sort(), Object.keys(builtin).sort());
});

test("the page tells what the preset default has, in its order", async () => {
  const { plugins } = (await defaultPreset.load({} as never)) as { plugins: string[] };
  const listed = rows("plugin | stage | what it does").flatMap(([cell = ""]) => named(cell));
  const middlewares = plugins.filter((name) => !name.startsWith("protocols/"));
  assert.deepEqual(listed.slice(0, middlewares.length), middlewares);
  assert.equal(middlewares.at(-1), "retry");
  const protocols = listed.filter((name) => name.startsWith("protocols/"));
  assert.deepEqual(protocols.sort(), plugins.filter((name) => name.startsWith("protocols/")).sort());
});

test("the page lists the stages in their order", () => {
  const listed = rows("stage | what stands there").flatMap(([cell = ""]) => named(cell));
  assert.deepEqual(listed, [...stages]);
});

test("the page lists every option with its default", async () => {
  const told = new Map<string, Map<string, unknown>>();
  let options: Map<string, unknown> | undefined;
  for (const [names = "", , value = ""] of rows("option | what it is | default")) {
    const [, plugin] = /^\*\*`([^`]+)`\*\*$/.exec(names) ?? [];
    if (plugin !== undefined) told.set(plugin, (options = new Map<string, unknown>()));
    else for (const [index, name] of named(names).entries()) options?.set(name, toldDefault(value, index));
  }
  for (const [name, load] of Object.entries(builtin)) {
    const { default: plugin } = await load();
    const real = optionsOf(plugin.options);
    const page = told.get(name) ?? new Map<string, unknown>();
    assert.deepEqual([...page.keys()].sort(), [...real.keys()].sort(), `options of ${name}`);
    for (const [option, value] of real) {
      const shown = page.get(option);
      assert.ok(
        sameDefault(shown, value),
        `${name}.${option}: told ${JSON.stringify(shown)}, is ${JSON.stringify(value)}`,
      );
    }
  }
});
