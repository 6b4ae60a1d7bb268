import assert from "node:assert/strict";
import { test } from "node:test";
import { table } from "../../../core/cli/table.ts";

test("columns are as wide as their longest cell, and no line ends in spaces", () => {
  const text = table(
    ["name", "url"],
    [
      ["a", "https://long.example"],
      ["longer-name", "b"],
    ],
  );
  assert.equal(text, "  name         url\n  a            https://long.example\n  longer-name  b\n");
});

test("a column that is empty everywhere is left out; a single empty cell is a dash", () => {
  const text = table(
    ["a", "b", "c"],
    [
      ["1", "", "3"],
      ["4", "", ""],
    ],
  );
  assert.equal(text, "  a  c\n  1  3\n  4  -\n");
});
