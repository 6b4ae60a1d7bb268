import { readFile } from "node:fs/promises";

/** The version in package.json, which is above this file, and further up from the build. */
export async function version(): Promise<string> {
  for (const path of ["../package.json", "../../package.json", "../../../package.json"]) {
    const text = await readFile(new URL(path, import.meta.url), "utf8").catch(() => undefined);
    if (text) return (JSON.parse(text) as { version: string }).version;
  }
  throw new Error("package.json is missing");
}
