import type { GatewayConfig, ServerConfig } from "./config.ts";
import type { Timeouts } from "./transport/types.ts";

/** Time-outs towards upstreams, ms. Long, because models think long; silence within an answer is shorter. */
export const defaultTimeouts: Timeouts = {
  connect: 10_000,
  firstByte: 300_000,
  silence: 120_000,
  total: 0,
};

/** How a gateway behaves where the configuration says nothing. */
export const defaultServer: Omit<ServerConfig, "timeouts" | "files"> = {
  host: "127.0.0.1",
  port: 8787,
  maxBody: 32 * 1024 * 1024,
  requestTimeout: 30_000,
  onClientGone: "abort",
  drainTimeout: 60_000,
  shutdownTimeout: 30_000,
  trustProxy: [],
  modelRefresh: 3_600_000,
  modelTimeouts: {},
};

/** How files are fetched where the configuration says nothing. */
export const defaultFiles: ServerConfig["files"] = { maxSize: 20 * 1024 * 1024, timeout: 20_000, allow: [] };

/** The `server` part of a configuration with its defaults filled in. */
export function resolveServer(server: GatewayConfig["server"]): ServerConfig {
  const given = Object.fromEntries(Object.entries(server ?? {}).filter(([, value]) => value !== undefined));
  return {
    ...defaultServer,
    ...given,
    timeouts: { ...defaultTimeouts, ...server?.timeouts },
    files: { ...defaultFiles, ...server?.files },
  };
}

/** An answer of known length up to this is read whole before it is sent: it can still be retried, and costs half. */
export const wholeAnswerLimit = 1024 * 1024;

/** The most bytes of an answer that are kept to read its usage, or of one stream event. */
export const readAlongLimit = 4 * 1024 * 1024;

/** How deep a JSON request may be nested. */
export const jsonDepthLimit = 512;

/** The most bytes of one event of a stream that is translated; an image may be one. */
export const eventLimit = 32 * 1024 * 1024;

/** The most bytes of an answer that is translated whole. */
export const translatedAnswerLimit = 128 * 1024 * 1024;
