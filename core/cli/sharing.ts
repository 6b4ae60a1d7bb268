import { createGateway } from "../../config/gateway.ts";
import type { LoadedConfig } from "../../config/load.ts";
import type { ServerConfig } from "../config.ts";
import type { Log } from "../context.ts";
import type { ServeFlags } from "./flags.ts";
import { StartError, UsageError } from "./failure.ts";
import { offline } from "./load.ts";
import { createCliLog } from "./log.ts";

/**
 * Refuses what several workers cannot share: UsageError for flags, StartError for limits that each worker
 * would count for itself. Rejects with a ConfigError when no gateway could be made of the configuration.
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
  if (loaded.config.state?.driver === "redis" || limiters.size === 0) return;
  const shared = "set state.driver to redis, which they share";
  if (hasLimits(loaded, limiters)) {
    const reason = `${flags.workers} workers would each count limits for themselves and let through ${flags.workers} times as much`;
    throw new StartError(`${reason}: ${shared}, or take one worker`);
  }
  log.warn(`Each of the ${flags.workers} workers counts for itself. Before you set limits, ${shared}.`);
}

/** Names of the plugins that stand in the stage `limit`. */
async function limitPlugins(loaded: LoadedConfig): Promise<Set<string>> {
  // What it would warn of, the workers do.
  const gateway = await createGateway(offline(loaded), { log: createCliLog("error") });
  const limiters = gateway.layers.filter(({ stage }) => stage === "limit").map(({ plugin }) => plugin);
  await gateway.close(0);
  return new Set(limiters);
}

/** Limits stand with the keys or in a plugin's options; a plugin that takes no options may have its own. */
function hasLimits({ config }: LoadedConfig, limiters: ReadonlySet<string>): boolean {
  if (config.keys?.some(({ limits = [] }) => limits.length > 0)) return true;
  return config.plugins.some(
    ({ plugin, options }) =>
      limiters.has(plugin.name) && (!plugin.options || Object.keys(options ?? {}).length > 0),
  );
}
