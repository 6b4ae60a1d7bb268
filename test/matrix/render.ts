import { readFile, writeFile } from "node:fs/promises";
import { contradictions, place, render } from "./report.ts";
import { runMatrix } from "./run.ts";

// `npm run matrix` runs all cells and, where none is other than it should be, writes the README's table; with a part of
// an id it runs those cells only.
const [part] = process.argv.slice(2);
const results = await runMatrix(part);
const wrong = contradictions(results);
for (const line of wrong) console.error(line);
const works = results.filter(({ reason }) => reason === undefined).length;
console.log(`${works} of ${results.length} cases work.`);
if (part === undefined && wrong.length === 0) {
  const readme = new URL("../../README.md", import.meta.url);
  await writeFile(readme, place(await readFile(readme, "utf8"), render(results)));
}
process.exit(wrong.length > 0 ? 1 : 0);
