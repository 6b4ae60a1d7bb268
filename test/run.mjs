// Runs every test file with the Node that runs this: through tsx where Node cannot read TypeScript itself.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);
const files = readdirSync(join(root, "test"), { recursive: true })
  .map((file) => join("test", file))
  .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules"))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(", ")}.`);
  process.exit(1);
}
const loader = process.features.typescript ? [] : ["--import", "tsx"];
const flags = ["--conditions=sluice-source", ...loader, "--test", "--test-concurrency=2"];
console.log(`Node ${process.version}, ${files.length} test files (${relative(process.cwd(), root) || "."})`);
const child = spawn(process.execPath, [...flags, ...files], { cwd: root, stdio: "inherit" });
child.on("exit", (code, signal) => process.exit(signal ? 1 : code));
