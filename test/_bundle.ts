import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Bundles a program of this project, so that processes of it start fast. On Deno, which starts sources as fast, it stays
 * as it is.
 */
export async function bundle(program: string, defer: (close: () => Promise<void>) => void): Promise<string> {
  if ("Deno" in globalThis) return program;
  // Where its packages are found.
  const cache = fileURLToPath(new URL("../node_modules/.cache/", import.meta.url));
  await mkdir(cache, { recursive: true });
  const outdir = await mkdtemp(join(cache, "sluice-test-"));
  defer(() => rm(outdir, { recursive: true, force: true }));
  const { build } = await import("esbuild");
  await build({
    entryPoints: { program },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    packages: "external",
    conditions: ["sluice-source"],
    logLevel: "error",
  });
  return join(outdir, "program.mjs");
}
