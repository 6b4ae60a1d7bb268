import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { contradictions, render, shown } from "./report.ts";
import { runFaults } from "./run.ts";

test("with another healthy target clients see only answers; without, one clear error within the deadline", async () => {
  const results = await runFaults();
  assert.deepEqual(contradictions(results), []);
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  assert.equal(shown(readme), render(results), "`npm run faults` writes it");
});
