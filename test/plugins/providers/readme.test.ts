import assert from "node:assert/strict";
import { test } from "node:test";
import type { Provider } from "../../../core/index.ts";
import { builtin } from "../../../plugins/index.ts";
import { readme } from "../_readme.ts";

/** The options that the page tells of, by provider. */
function told(): Map<string, string[]> {
  const byProvider = new Map<string, string[]>();
  let options: string[] = [];
  const table = readme.slice(readme.indexOf("| option of the provider |")).split("\n").slice(2);
  for (const line of table) {
    const cell = line.split("|")[1];
    if (cell === undefined) break;
    const names = [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
    if (cell.includes("**")) byProvider.set(names[0] ?? "", (options = []));
    else options.push(...names);
  }
  return byProvider;
}

/** The names at the top of a schema, also where a check follows it. */
function optionsOf({ options }: Provider): string[] {
  const { entries = {} } = options as unknown as { entries?: object };
  return Object.keys(entries);
}

test("the page tells every option of the providers that it has options of", async () => {
  const page = told();
  assert.ok(page.size > 0);
  for (const [name, options] of page) {
    const plugin = await builtin[`providers/${name}`]?.();
    const { provider } = (await plugin?.default.setup(undefined as never, {} as never)) ?? {};
    assert.deepEqual(options.sort(), optionsOf(provider as Provider).sort(), name);
  }
});
