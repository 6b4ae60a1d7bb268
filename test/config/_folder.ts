import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ConfigError, formatPath, loadConfig } from "../../config/index.ts";
import type { ConfigProblem, LoadedConfig, LoadOptions } from "../../config/index.ts";

/** A directory of a test's own, far from this project's packages. */
export interface Folder {
  path: string;
  /** What presets said. */
  messages: string[];
  write(files: Record<string, string | Uint8Array>): Promise<void>;
  /** Loads with this directory as working directory and an empty environment. */
  load(options?: LoadOptions): Promise<LoadedConfig>;
  /** The mistakes of a configuration that must not load. */
  problems(options?: LoadOptions): Promise<readonly ConfigProblem[]>;
  /** The same in short: `file:line:column path: found; expected (hint)`. */
  mistakes(options?: LoadOptions): Promise<string[]>;
}

/** Runs a test in a directory with these files in it. */
export async function inFolder(
  files: Record<string, string | Uint8Array>,
  work: (folder: Folder) => Promise<void>,
): Promise<void> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "sluice-config-")));
  const messages: string[] = [];
  const say = (text: string): void => void messages.push(text);
  const log = { debug: say, info: say, warn: say, error: say };
  const folder: Folder = {
    path,
    messages,
    async write(more) {
      for (const [name, content] of Object.entries(more)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        // At once: who watches it in this process never finds it empty.
        writeFileSync(join(path, name), content);
      }
    },
    load: (options) => loadConfig({ cwd: path, env: {}, log, ...options }),
    async problems(options) {
      const error = await folder.load(options).then(
        () => assert.fail("the configuration loads"),
        (reason: unknown) => reason,
      );
      if (!(error instanceof ConfigError)) throw error;
      return error.problems;
    },
    mistakes: async (options) => (await folder.problems(options)).map(inShort),
  };
  try {
    await folder.write(files);
    await work(folder);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

export function inShort({ file, line, column, path, found, expected, hint }: ConfigProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  return `${place} ${formatPath(path)}: ${found}; ${expected}${hint ? ` (${hint})` : ""}`;
}

/** The names of the plugins that a configuration came to, in order. */
export function pluginNames({ config }: LoadedConfig): string[] {
  return config.plugins.map(({ plugin }) => plugin.name);
}
