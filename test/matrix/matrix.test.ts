import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { clients } from "./clients/index.ts";
import { contradictions, place, render, shown } from "./report.ts";
import { runMatrix } from "./run.ts";
import type { Result } from "./run.ts";
import { upstreams } from "./upstreams/index.ts";

let results: Result[] = [];

before(async () => {
  results = await runMatrix();
});

for (const client of clients) {
  for (const upstream of upstreams) {
    test(`${client.name}'s client → ${upstream.name}`, () => {
      const here = results.filter((one) => one.client === client.name && one.upstream === upstream.name);
      assert.equal(here.length, 14, "seven features, streamed and not");
      assert.deepEqual(contradictions(here), []);
    });
  }
}

test("the README shows what the run gave", async () => {
  const text = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  assert.equal(shown(text), render(results), "`npm run matrix` writes it");
});

const result: Result = { client: "A", upstream: "b", feature: "image", stream: false, reason: undefined };
const limit = { clients: ["A"], feature: "image", shows: "bl", reason: "There are no eyes." } as const;

test("a broken cell that no limit names, and a limit that is none, are told of", () => {
  const broken = { ...result, reason: "blind" };
  assert.deepEqual(contradictions([broken], []), ["A → b, image, whole: blind"]);
  assert.deepEqual(contradictions([broken], [limit]), []);
  assert.deepEqual(contradictions([{ ...result, reason: "deaf" }], [limit]), ["A → b, image, whole: deaf"]);
  assert.deepEqual(contradictions([result], [limit]), [
    "A → b, image, whole works, and the list of limits says: There are no eyes.",
  ]);
  assert.deepEqual(contradictions([{ ...broken, stream: true }], [{ ...limit, stream: false }]), [
    "A → b, image, stream: blind",
  ]);
});

test("the table goes between its marks, and nothing else changes", () => {
  const text = "a\n<!-- matrix: written by `npm run matrix` -->\nold\n<!-- /matrix -->\nb\n";
  const placed = place(text, "new");
  assert.equal(shown(placed), "new");
  assert.equal(place(placed, "old").replace("\n\nold\n\n", "\nold\n"), text);
  assert.throws(() => place("a", "new"), /no place for the matrix/);
});

test("cells that do not work have the number of their reason", () => {
  const broken = [false, true].map((stream) => ({ ...result, stream, reason: "blind" }));
  const text = render([...broken, { ...result, upstream: "c" }], [limit]);
  assert.deepEqual(text.split("\n"), [
    "| client \\ upstream | `b` | `c` |",
    "| --- | :-: | :-: |",
    "| A | [1](#any-1) | ✓ |",
    "",
    "1 of 3 cases work.",
    "",
    '1. <a id="any-1"></a>image: There are no eyes.',
  ]);
});
