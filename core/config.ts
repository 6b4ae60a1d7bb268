import type { Plugin } from "./plugin.ts";
import type { RouteRule } from "./route-rule.ts";
import type { StateOptions } from "./state/index.ts";
import type { Timeouts } from "./transport/types.ts";

/** What to do with the upstream when the client leaves. */
export type OnClientGone = "abort" | "drain";

export interface FileOptions {
  /** The most bytes of one file. Default 20 MiB. */
  maxSize: number;
  /** ms for one file. Default 20,000. */
  timeout: number;
  /** Addresses and ranges that are fetched from though they are not public. Default none. */
  allow: string[];
}

/** How the gateway itself behaves. All are optional; the defaults stand in `core/defaults.ts`. */
export interface ServerConfig {
  /** Default 127.0.0.1. */
  host: string;
  /** Default 8787. */
  port: number;
  /** The most bytes of a request body that the gateway reads into memory (JSON of known endpoints). Streams through a prefix are not bound by it. Default 32 MiB. */
  maxBody: number;
  /** Longest silence of a client that is sending a request, ms. Default 30,000. */
  requestTimeout: number;
  /** Default `abort`. */
  onClientGone: OnClientGone;
  /** How long a drained upstream may go on, ms. Default 60,000. */
  drainTimeout: number;
  /** How long calls may go on after a stop was asked for, ms. Default 30,000. */
  shutdownTimeout: number;
  /** Addresses (CIDR) of proxies whose `x-forwarded-for` is believed. Default none. */
  trustProxy: string[];
  /** How often the models of upstreams that list them are asked for anew, ms; 0: only at the start. Default an hour. */
  modelRefresh: number;
  /** How files that a request names by URL are fetched, for upstreams that take no URLs. */
  files: FileOptions;
  /** Time-outs towards upstreams, where an upstream has none of its own. */
  timeouts: Timeouts;
  /** Time-outs by model (asked name or pattern), where an upstream has none of its own for it; the first that fits. */
  modelTimeouts: Record<string, Partial<Timeouts>>;
}

/** One key that callers may use, as configured. */
export interface KeyConfig {
  key: string;
  /** Unique; shown in logs and limits instead of the key. Default `key-1`, `key-2`, … */
  name?: string;
  /** `admin` may use the gateway's own endpoints. Default `user`. */
  role?: string;
  /** Models it may ask for; `*` is a wildcard, `!name` takes one away. Default all. */
  models?: string[];
  /** Route prefixes it may use; same grammar. Default all. */
  prefixes?: string[];
  /** ISO 8601 date or date-time after which it is refused. */
  expires?: string;
  /** Addresses or CIDR ranges it may come from. Default all. */
  allow?: string[];
  /** Addresses or CIDR ranges it may not come from. */
  deny?: string[];
  /** Names of the upstreams that may serve it; same grammar as `models`. Default all. */
  upstreams?: string[];
  /** Which upstreams serve which models, in order. Default: all that are offered, as configured. */
  routes?: RouteRule[];
  /** Name of the strategy that orders its upstreams. Default: the plugin routing's. */
  strategy?: string;
  /** Limits, such as `60/min` or `100000 tokens/min`. */
  limits?: string[];
}

/** One key of an upstream as configured. */
export interface UpstreamKeyConfig {
  key: string;
  weight?: number;
  limits?: string[] | Record<string, string[]>;
  concurrency?: number;
}

/** One upstream as configured. */
export interface UpstreamConfig {
  /** Unique; default the provider's name, then `openai-2`, … */
  name?: string;
  /** Name of a provider that one of the plugins adds. */
  provider: string;
  baseURL?: string;
  forwardURL?: string;
  keys?: (string | UpstreamKeyConfig)[];
  keyStrategy?: string;
  limits?: string[] | Record<string, string[]>;
  keyLimits?: string[] | Record<string, string[]>;
  concurrency?: number;
  keyConcurrency?: number;
  regions?: string[];
  weights?: Record<string, number>;
  modelTimeouts?: Record<string, Partial<Timeouts>>;
  /** Offered names; `{ upstream name: offered name }` renames. */
  models?: (string | Record<string, string>)[];
  prefix?: string | string[];
  weight?: number;
  priority?: number;
  headers?: Record<string, string>;
  timeouts?: Partial<Timeouts>;
  proxy?: string;
  forwarded?: boolean;
  keyHeader?: string | { name: string; prefix?: string };
  strict?: boolean;
  options?: unknown;
}

/** One entry of the pipeline: a plugin and its options, not yet validated. */
export interface PluginEntry {
  plugin: Plugin;
  options: unknown;
  /** Where the options stand in the configuration, for errors: `["plugins", 2, "rate-limit"]`. */
  path: (string | number)[];
}

/** What `createGateway` takes: the configuration with its plugins found. */
export interface GatewayConfig {
  server?: Partial<Omit<ServerConfig, "timeouts" | "files">> & {
    timeouts?: Partial<Timeouts>;
    files?: Partial<FileOptions>;
  };
  state?: StateOptions;
  upstreams: UpstreamConfig[];
  keys?: KeyConfig[];
  /** Alias → model name. */
  aliases?: Record<string, string>;
  plugins: PluginEntry[];
}
