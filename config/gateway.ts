import { ConfigError } from "../core/config-error.ts";
import { emit } from "../core/emit.ts";
import { createGateway as createCore } from "../core/gateway.ts";
import type { Gateway as CoreGateway, GatewayOptions as CoreOptions } from "../core/gateway.ts";
import { loadConfig } from "./load.ts";
import type { LoadedConfig, LoadOptions } from "./load.ts";
import type { Config } from "./schema.ts";
import { Secrets } from "./secrets.ts";

/**
 * What a gateway can be made of: a path or URL, options of `loadConfig`, a configuration that was loaded, or
 * one as an object. Nothing at all: what `loadConfig` finds by itself.
 */
export type GatewayInput = string | URL | LoadOptions | LoadedConfig | Config;

export interface GatewayOptions extends CoreOptions, Omit<LoadOptions, "file" | "config" | "log"> {}

/** A running gateway whose configuration can be read anew. */
export interface Gateway extends Omit<CoreGateway, "reload"> {
  /**
   * Takes over another configuration, or reads its own again. Rejects with a ConfigError, and then the old one
   * runs on. Reloads that are asked for while one is under way follow it, in order.
   */
  reload(input?: GatewayInput): Promise<void>;
  /** What runs. */
  readonly loaded: LoadedConfig;
}

/**
 * Starts a gateway.
 * @throws ConfigError with every mistake, each with its file and line where there are some.
 */
export async function createGateway(
  input: GatewayInput = {},
  options: GatewayOptions = {},
): Promise<Gateway> {
  let loaded = await load(input, options);
  const coreOptions = { ...options, onReloadRequest: options.onReloadRequest ?? (() => gateway.reload()) };
  const core = await located(loaded, () => createCore(loaded.config, coreOptions));
  let last: Promise<unknown> = Promise.resolve();
  const takeOver = async (input: GatewayInput | undefined): Promise<void> => {
    const candidate = await load(input ?? loaded.options, options);
    await located(candidate, () => core.reload(candidate.config));
    loaded = candidate;
  };
  const gateway: Gateway = {
    fetch: core.fetch,
    close: (timeout) => core.close(timeout),
    explain: (query) => core.explain(query),
    get layers() {
      return core.layers;
    },
    get context() {
      return core.context;
    },
    get inFlight() {
      return core.inFlight;
    },
    get loaded() {
      return loaded;
    },
    reload(input) {
      const reloaded = last.then(() => takeOver(input));
      last = reloaded.catch(() => {});
      void reloaded.then(
        () => emit(core.context, "config:reload", { ok: true }),
        (error: unknown) => emit(core.context, "config:reload", { ok: false, message: messageOf(error) }),
      );
      return reloaded;
    },
  };
  return gateway;
}

function load(input: GatewayInput, options: GatewayOptions): Promise<LoadedConfig> {
  const { onReloadRequest: _, ...rest } = options;
  if (typeof input === "string" || input instanceof URL) return loadConfig({ ...rest, file: String(input) });
  if (isLoaded(input)) return Promise.resolve(input);
  if (isOptions(input)) return loadConfig({ ...rest, ...input });
  return loadConfig({ ...rest, file: false, config: input });
}

function isLoaded(input: object): input is LoadedConfig {
  return "locate" in input && "config" in input;
}

function isOptions(input: object): input is LoadOptions {
  const names = ["file", "presets", "config", "env", "cwd", "registry", "log"];
  return Object.keys(input).every((key) => names.includes(key));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Does something with a configuration; what core finds wrong with it gets its file and line. */
export async function located<T>(loaded: LoadedConfig, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const secrets = new Secrets();
    secrets.collect(loaded.raw);
    const problems = error.problems.map((problem) => {
      const place = problem.file === undefined ? loaded.locate(problem.path) : undefined;
      return secrets.cleanProblem({ ...problem, ...place });
    });
    throw new ConfigError(problems);
  }
}
