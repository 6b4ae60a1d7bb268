import type { ConfigProblem } from "../../core/index.ts";

/** Keys and indexes that lead to a value: `["env", "TIMEOUT"]`, or `["rate_limit", "strategy"]` of the file. */
export type Place = ConfigProblem["path"];

/** An upstream under a route prefix. */
export interface Forward {
  /** Without a trailing slash; the rest of the path is appended as it is. */
  baseURL: string;
  /** `/` for the root, else `/name` without a trailing slash. */
  prefix: string;
  /**
   * `openai`: it takes keys of the pool, and its chats are logged. `custom`: it speaks OpenAI's API, and
   * its chats are logged. `general`: passed through.
   */
  type: "openai" | "general" | "custom";
  place: Place;
}

/** Models that another server than the forwarded one has, under names of its own. */
export interface CustomModels {
  /** Of the server, without a trailing slash; its OpenAI API is at `/v1`. */
  baseURL: string;
  /** `[asked name, the upstream's name]`. */
  models: [string, string][];
  /** Under which they are asked for; undefined: that of every `openai` upstream. */
  prefix: string | undefined;
}

/** A key for the upstreams, and the levels of callers that it serves; undefined: all of them. */
export interface PoolKey {
  key: string;
  levels: number[] | undefined;
}

/** A key for callers. Level 0 may use all models. */
export interface ForwardKey {
  key: string;
  level: number;
}

/** What one route is limited to, for callers of one level or, where that is undefined, of any. */
export interface RouteLimit {
  route: string;
  limits: { level: number | undefined; limit: string }[];
}

/** What openai-forward's environment and its YAML file can say, in one shape. */
export interface Settings {
  forwards: Forward[];
  custom: CustomModels[];
  pool: PoolKey[];
  forwardKeys: ForwardKey[];
  /** Level → models that its callers may ask for. */
  levelModels: Map<number, string[]>;
  log: { openai: boolean; general: boolean; print: boolean };
  /** Paths behind a prefix. */
  routes: { chat: string; completion: string; embedding: string };
  requestLimits: RouteLimit[];
  /** For routes that `requestLimits` does not name; undefined: none. */
  globalLimit: string | undefined;
  strategy: "fixed" | "sliding";
  /** URL of the Redis that counts requests; undefined: memory. */
  redis: string | undefined;
  /** Chunks a time that a stream on a route may give. */
  paces: RouteLimit[];
  cache: {
    openai: boolean;
    general: boolean;
    /** Paths behind a prefix. */
    routes: string[];
    /** What holds for a request that says nothing of `caching`. */
    default: boolean;
    /** Directory for answers that outlive a restart; undefined: memory. */
    directory: string | undefined;
  };
  /** To an open connection, ms. */
  timeout: number | undefined;
  proxy: string | undefined;
  timezone: string | undefined;
  allow: string[];
  deny: string[];
  benchmark: boolean;
}
