/** Peers and tools that are npm packages, installed into their own folder the first time they are needed. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./processes.ts";

/**
 * The folder of an npm package below `test/bench/peers/NAME/`, installed if it is missing or if that folder's
 * package.json has changed since. Throws, saying what npm said, when it cannot be installed.
 */
export async function installed(name: string, packageName: string): Promise<string> {
  const home = join(root, "test/bench/peers", name);
  const folder = join(home, "node_modules", packageName);
  const manifest = readFileSync(join(home, "package.json"), "utf8");
  const stamp = join(home, "node_modules/.installed-from.json");
  if (existsSync(folder) && existsSync(stamp) && readFileSync(stamp, "utf8") === manifest) return folder;
  console.error(`installing ${packageName} into ${home}`);
  const flags = ["--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  try {
    await promisify(execFile)("npm", ["install", ...flags], { cwd: home, timeout: 180_000 });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split("\n").slice(-3).join(" ");
    throw new Error(`${packageName} could not be installed: ${said || String(error)}`, { cause: error });
  }
  writeFileSync(stamp, manifest);
  return folder;
}
