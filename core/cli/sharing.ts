import { createGateway } from "../../config/gateway.ts";
import type { LoadedConfig } from "../../config/load.ts";
import type { ServerConfig, UpstreamKeyConfig } from "../config.ts";
import type { Log } from "../context.ts";
import type { ServeFlags } from "./flags.ts";
import { StartError, UsageError } from "./failure.ts";
import { offline } from "./load.ts";
import { createCliLog } from "./log.ts";

/**
 * Refuses what several workers cannot share: UsageError for flags, StartError for limits that each worker would count
 * for itself; what may differ from one to the other is told. Rejects with a ConfigError when no gateway could be made of the configuration.
 */
export async function checkWorkers(
  loaded: LoadedConfig,
  server: ServerConfig,
  flags: ServeFlags,
  log: Log,
): Promise<void> {
  const single = (["tunnel", "clipboard", "open", "qr"] as const).filter((name) => flags[name]);
  if (single.length > 0) throw new UsageError(`--${single[0]} is for one process: leave out --workers`);
  if (server.port === 0) throw new UsageError("--workers needs a port to share: give one other than 0");
  const { https } = flags;
  if (https && !https.cert && !https.pfx) {
    throw new UsageError("--workers would give each its own certificate: give --https.cert and --https.key");
  }
  const limiters = await limitPlugins(loaded);
  const count = flags.workers;
  const shared = loaded.config.state?.driver === "redis";
  if (hasConcurrency(loaded)) {
    const reason = `${count} workers would each have as many calls at once as \`concurrency\` says, ${count} times as many in all`;
    if (!shared) throw new StartError(`${reason}: take one worker`);
    log.warn(`${reason}: give each its part.`);
  }
  if (shared) return;
  const share = "set state.driver to redis, which they share";
  if (hasLimits(loaded, limiters)) {
    const reason = `${count} workers would each count limits for themselves and let through ${count} times as much`;
    throw new StartError(`${reason}: ${share}, or take one worker`);
  }
  log.warn(
    `Each of the ${count} workers takes turns, and leaves failing upstreams alone, by what it sees itself. Before you set limits, ${share}.`,
  );
}

/** Names of the plugins that stand in the stage `limit`. */
async function limitPlugins(loaded: LoadedConfig): Promise<Set<string>> {
  // What it would warn of, the workers do.
  const gateway = await createGateway(offline(loaded), { log: createCliLog("error") });
  const limiters = gateway.layers.filter(({ stage }) => stage === "limit").map(({ plugin }) => plugin);
  await gateway.close(0);
  return new Set(limiters);
}

/** Limits stand with keys and upstreams or in a plugin's options; a plugin that takes no options may have its own. */
function hasLimits({ config }: LoadedConfig, limiters: ReadonlySet<string>): boolean {
  if (config.keys?.some(({ limits }) => holdsLimits(limits))) return true;
  if (config.upstreams.some((one) => holdsLimits(one.limits) || holdsLimits(one.keyLimits))) return true;
  if (upstreamKeys(config).some(({ limits }) => holdsLimits(limits))) return true;
  return config.plugins.some(
    ({ plugin, options }) =>
      limiters.has(plugin.name) && (!plugin.options || Object.keys(options ?? {}).length > 0),
  );
}

function hasConcurrency({ config }: LoadedConfig): boolean {
  const ofUpstreams = config.upstreams.some((one) => one.concurrency ?? one.keyConcurrency);
  return ofUpstreams || upstreamKeys(config).some(({ concurrency }) => concurrency !== undefined);
}

function upstreamKeys({ upstreams }: LoadedConfig["config"]): UpstreamKeyConfig[] {
  return upstreams.flatMap(({ keys = [] }) => keys).filter((key) => typeof key !== "string");
}

/** A list of limits, or such lists by model. */
function holdsLimits(limits: readonly string[] | Record<string, readonly string[]> | undefined): boolean {
  return limits !== undefined && Object.values(limits).flat().length > 0;
}
