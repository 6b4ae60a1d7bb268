import { createGateway } from "../../config/gateway.ts";
import type { LoadedConfig } from "../../config/load.ts";
import type { ServerConfig } from "../config.ts";
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
): Promise<void> {
  const single = (["tunnel", "clipboard", "open", "qr"] as const).filter((name) => flags[name]);
  if (single.length > 0) throw new UsageError(`--${single[0]} is for one process: leave out --workers`);
  if (server.port === 0) throw new UsageError("--workers needs a port to share: give one other than 0");
  const { https } = flags;
  if (https && !https.cert && !https.pfx) {
    throw new UsageError("--workers would give each its own certificate: give --https.cert and --https.key");
  }
  const gateway = await createGateway(offline(loaded), { log: createCliLog("warn") });
  const limited = gateway.layers.some(({ stage }) => stage === "limit");
  await gateway.close(0);
  if (limited && loaded.config.state?.driver !== "redis") {
    const reason = `${flags.workers} workers would each count limits for themselves and let through ${flags.workers} times as much`;
    throw new StartError(`${reason}: set state.driver to redis, which they share, or take one worker`);
  }
}
