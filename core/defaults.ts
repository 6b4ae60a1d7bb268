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
export const defaultServer: Omit<ServerConfig, "timeouts"> = {
  host: "127.0.0.1",
  port: 8787,
  maxBody: 32 * 1024 * 1024,
  requestTimeout: 30_000,
  onClientGone: "abort",
  drainTimeout: 60_000,
  shutdownTimeout: 30_000,
  trustProxy: [],
};

/** The `server` part of a configuration with its defaults filled in. */
export function resolveServer(server: GatewayConfig["server"]): ServerConfig {
  const given = Object.fromEntries(Object.entries(server ?? {}).filter(([, value]) => value !== undefined));
  return { ...defaultServer, ...given, timeouts: { ...defaultTimeouts, ...server?.timeouts } };
}

/** An answer of known length up to this is read whole before it is sent: it can still be retried, and costs half. */
export const wholeAnswerLimit = 1024 * 1024;

/** The most bytes of an answer that are kept to read its usage, or of one stream event. */
export const readAlongLimit = 4 * 1024 * 1024;

/** How deep a JSON request may be nested. */
export const jsonDepthLimit = 512;
