import { loadConfig } from "../../config/load.ts";
import { ConfigError } from "../config-error.ts";
import type { LoadedConfig } from "../../config/load.ts";

/** Which configuration was asked for, and what the flags say in place of its server's settings. */
export interface ConfigFlags {
  /** File or URL; the loader's own search without it. */
  config?: string;
  presets: string[];
  host?: string;
  port?: number;
  /** ms. */
  shutdownTimeout?: number;
}

/** Reads the configuration that the flags ask for. Rejects with a ConfigError. */
export function load(flags: ConfigFlags): Promise<LoadedConfig> {
  const { config, presets, host, port, shutdownTimeout } = flags;
  const given = Object.entries({ host, port, shutdownTimeout }).filter(([, value]) => value !== undefined);
  return loadConfig({
    ...(config !== undefined && { file: config }),
    presets,
    ...(given.length > 0 && { config: { server: Object.fromEntries(given) } }),
  }).catch((error: unknown) => {
    throw error instanceof ConfigError ? inWordsOfFlags(error) : error;
  });
}

/** A preset of the command line stands in no file: its mistake is told by the flag. */
function inWordsOfFlags({ problems }: ConfigError): ConfigError {
  return new ConfigError(
    problems.map((problem) =>
      problem.file === undefined && problem.path[0] === "extends"
        ? { ...problem, path: ["--preset"] }
        : problem,
    ),
  );
}

/** The configuration for looking at: with its state in memory, apart from that of gateways that run. */
export function offline(loaded: LoadedConfig): LoadedConfig {
  return { ...loaded, config: { ...loaded.config, state: undefined } };
}

/** The same, but with the state that gateways share: what rests, rests there too. */
export function onlooking(loaded: LoadedConfig): LoadedConfig {
  return loaded.config.state?.driver === "redis" ? loaded : offline(loaded);
}
