import { startServer } from "#serve";
import { createGateway } from "../../config/gateway.ts";
import type { LoadedConfig } from "../../config/load.ts";
import type { Log } from "../context.ts";
import type { ServeFlags } from "./flags.ts";
import type { ListenOptions } from "./serve.ts";

/** ms for the last bytes of answers to leave after the gateway is done with them. */
const closeGrace = 2000;

/** A gateway that serves, in this process or in workers. */
export interface Running {
  /** Without a trailing slash. */
  readonly url: string;
  /** Reads the configuration again. Rejects with a ConfigError, and the old one runs on. */
  reload(): Promise<void>;
  /** Takes no new calls, lets those in flight end within the shutdown time-out, flushes. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  abandon(): void;
}

/** Where a gateway of this configuration listens. */
export function listenOptions(server: { host: string; port: number }, flags: ServeFlags): ListenOptions {
  const { https, tunnel, clipboard, open, qr } = flags;
  return { host: server.host, port: server.port, ...(https && { https }), tunnel, clipboard, open, qr };
}

/**
 * Serves in this process. Rejects with a ConfigError or a StartError; then nothing is left running.
 * @param loaded The configuration to start with.
 * @param onReloadRequest What `POST /reload_config` does. Default: `reload`.
 */
export async function run(
  flags: ServeFlags,
  loaded: LoadedConfig,
  log: Log,
  onReloadRequest?: () => Promise<void>,
): Promise<Running> {
  let last: Promise<unknown> = Promise.resolve();
  // One at a time, in order: the last change is what runs in the end.
  const reload = (): Promise<void> => {
    const next = last.then(async () => {
      const before = gateway.context.server;
      await gateway.reload();
      const { host, port } = gateway.context.server;
      if (host !== before.host || port !== before.port) {
        log.warn(
          `server.host and server.port take effect at the next start; this gateway stays on ${server.url}.`,
        );
      }
    });
    last = next.catch(() => {});
    return next;
  };
  const gateway = await createGateway(loaded, { log, onReloadRequest: onReloadRequest ?? reload });
  const server = await startServer(gateway.fetch, listenOptions(gateway.context.server, flags), log).catch(
    async (error: unknown) => {
      await gateway.close(0);
      throw error;
    },
  );
  const stop = async (): Promise<void> => {
    server.stop();
    await gateway.close();
    await server.close(closeGrace);
  };
  let stopped: Promise<void> | undefined;
  return { url: server.url, reload, stop: () => (stopped ??= stop()), abandon() {} };
}
