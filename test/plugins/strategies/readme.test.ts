import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { strategies } from "./_strategies.ts";

test("the page lists every strategy, and which ones look at weights", async () => {
  const page = await readFile(new URL("../../../plugins/README.md", import.meta.url), "utf8");
  const table = page.slice(page.indexOf("| strategy | whose turn it is | weights |"));
  const rows = table.slice(0, table.indexOf("\n\n")).split("\n").slice(2);
  const listed = rows.map((row) => {
    const [, name = "", , weights] = row.split("|").map((cell) => cell.trim());
    return [name.replaceAll("`", ""), weights === "yes"];
  });
  const real = Object.values(await strategies()).map(({ name, weighted }) => [name, weighted ?? false]);
  assert.deepEqual(listed, real);
});
