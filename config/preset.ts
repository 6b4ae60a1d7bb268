import type { Log } from "../core/context.ts";
import type { Config } from "./schema.ts";

/** What a preset, or a configuration module that is a function, may use to find out what to yield. */
export interface PresetContext {
  /** The environment, with what `.env` files add to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths of `readFile` start here. */
  readonly cwd: string;
  /**
   * Reads a text file, or a URL, or yields undefined where there is none. Whatever is read this way is watched: when
   * it changes or appears, the configuration is loaded again.
   */
  readFile(path: string): Promise<string | undefined>;
  readonly log: Log;
}

/** A ready-made part of a configuration, or a reader of settings in another shape. */
export interface Preset {
  readonly name: string;
  readonly description?: string;
  /** Yields a partial configuration. Mistakes it finds are thrown as a ConfigError with all of them. */
  load(context: PresetContext): Config | Promise<Config>;
}

/** What a configuration module may export. */
export type ConfigModule = Config | Preset | ((context: PresetContext) => Config | Promise<Config>);

/** Identity function that gives a preset its types. */
export function definePreset(preset: Preset): Preset {
  return preset;
}

/** Identity function that gives a configuration module its types. */
export function defineConfig<C extends ConfigModule>(config: C): C {
  return config;
}
