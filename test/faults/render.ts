import { readFile, writeFile } from "node:fs/promises";
import { contradictions, place, render } from "./report.ts";
import { runFaults } from "./run.ts";

// `npm run faults` lets upstreams fail in every way and, where each call ends as it should, writes the README's table.
const results = await runFaults();
const wrong = contradictions(results);
for (const line of wrong) console.error(line);
console.log(`${results.length - wrong.length} of ${results.length} cases end as they should.`);
if (wrong.length === 0) {
  const readme = new URL("../../README.md", import.meta.url);
  await writeFile(readme, place(await readFile(readme, "utf8"), render(results)));
}
process.exit(wrong.length > 0 ? 1 : 0);
