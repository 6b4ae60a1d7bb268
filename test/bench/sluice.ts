/** How the gateway under test is configured and started: the one place to change when its CLI does. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, scratch } from "./processes.ts";

/** The gateway key that the load generator sends. */
export const sluiceKey = "sk-bench";

const built = join(root, "dist/core/cli/main.js");
const source = join(root, "core/cli/main.ts");

export interface SluiceCommand {
  readonly command: string[];
  /** A scratch folder, so that what the gateway writes beside its configuration is removed with the run. */
  readonly cwd: string;
}

/**
 * The command that serves the benchmark's configuration on `port`, with its upstream on port `upstream`.
 * With `deno`, the path of Deno, it runs from the sources; without it, the build runs on Node.
 * Throws where there is nothing to run.
 */
export function sluiceCommand(
  port: number,
  upstream: number,
  deno?: string,
  content = sluiceConfig(upstream),
): SluiceCommand {
  const entry = deno ? source : built;
  if (!existsSync(entry)) {
    throw new Error(deno ? `there is no ${source}` : "it is not built: run `npm run build` first");
  }
  const cwd = join(scratch, `sluice-${port}`);
  mkdirSync(cwd);
  const config = join(cwd, "bench.yaml");
  writeFileSync(config, content);
  const runtime = deno ? [deno, "run", "-A", "--config", join(root, "deno.json")] : [process.execPath];
  return { command: [...runtime, entry, "serve", "--config", config, "--port", `${port}`], cwd };
}

/** The default pipeline with limits that are counted but never reached. */
function sluiceConfig(upstream: number): string {
  return `upstreams:
  - name: mock
    provider: openai
    baseURL: http://127.0.0.1:${upstream}/v1
    keys: [sk-upstream]
    models: [gpt-4o]
    prefix: /mock
keys:
  - { key: ${sluiceKey}, name: bench, limits: [10000000/min, 100000000000 tokens/min] }
`;
}
