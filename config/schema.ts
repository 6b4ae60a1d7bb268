import * as v from "valibot";
import { addressRange } from "../core/address.ts";
import { duration, size } from "../core/duration.ts";
import { limitTexts } from "../core/limits.ts";
import { routeRule } from "../core/route-rule.ts";
import { baseURL, headerName, headerValue, isoDate, prefix, proxyURL, text } from "./values.ts";

/** An optional key and what it is for, which editors show. */
function key<S extends v.GenericSchema>(description: string, schema: S) {
  return v.optional(v.pipe(schema, v.description(description)));
}

/** One or several: a single value is a list of one. */
function oneOrMany<S extends v.GenericSchema>(schema: S) {
  return v.union([schema, v.array(schema)]);
}

const port = v.pipe(
  v.number(),
  v.integer("a whole number"),
  v.minValue(0, "a port from 0 to 65535"),
  v.maxValue(65_535, "a port from 0 to 65535"),
);

const timeouts = v.strictObject({
  connect: key("To an open connection. Default 10s; 0 turns it off, as in all of these.", duration),
  firstByte: key("From the request sent to the answer's headers. Default 5m.", duration),
  silence: key("Between two pieces of the answer's body. Default 2m.", duration),
  total: key("Of the whole call, all attempts included. Default 0: none.", duration),
});

const server = v.strictObject({
  host: key("Address to listen on. Default 127.0.0.1.", text),
  port: key("Port to listen on; 0 takes a free one. Default 8787.", port),
  maxBody: key("The most of a request body that is read into memory. Default 32MiB.", size),
  requestTimeout: key("Longest silence of a client that is sending. Default 30s.", duration),
  onClientGone: key(
    "What happens to the upstream's answer when the client leaves. Default abort.",
    v.picklist(["abort", "drain"]),
  ),
  drainTimeout: key("How long a drained answer may go on. Default 60s.", duration),
  shutdownTimeout: key("How long calls may go on after a stop was asked for. Default 30s.", duration),
  trustProxy: key("Addresses or ranges of proxies whose x-forwarded-for is believed.", v.array(addressRange)),
  modelRefresh: key(
    "How often the models of upstreams without `models` are listed anew; 0: only at the start. Default 1h.",
    duration,
  ),
  files: key(
    "How files that a request names by URL are fetched, where the upstream takes no URLs.",
    v.strictObject({
      maxSize: key("The most of one file. Default 20MiB.", size),
      timeout: key("How long one file may take. Default 20s.", duration),
      allow: key(
        "Addresses or ranges that may be fetched from though they are not public. Default none.",
        v.array(addressRange),
      ),
    }),
  ),
  timeouts: key("Time-outs towards upstreams.", timeouts),
  modelTimeouts: key(
    "Time-outs for models, by the name that is asked for or a pattern of it; the first that fits.",
    v.record(text, timeouts),
  ),
});

const state = v.strictObject({
  driver: key("Where limits and other state live. Default memory.", v.picklist(["memory", "fs", "redis"])),
  path: key("fs: the directory, from the working directory.", text),
  url: key(
    "redis: redis:// or rediss:// URL; redis+cluster://host,host; redis+sentinel://host,host/master.",
    text,
  ),
  tls: key(
    "redis: PEM files for rediss, from the working directory.",
    v.strictObject({
      ca: key("Authorities that sign its certificate.", text),
      cert: key("A certificate of our own, where it wants one.", text),
      key: key("The key of that certificate.", text),
    }),
  ),
  prefix: key("redis: what every key begins with. Default sluice.", text),
  commandTimeout: key("redis: silence after which Redis counts as away. Default 250ms.", duration),
  snapshotInterval: key("fs: time between two snapshots of the counters. Default 1s.", duration),
});

const model = v.union(
  [text, v.record(text, text)],
  "a model's name, or a map from the upstream's name to the offered name",
);

const limitsByModel = v.union(
  [limitTexts, v.record(text, limitTexts)],
  "limits such as 60/min, or a map from models to limits",
);
const weight = v.pipe(v.number(), v.finite("a number above 0"), v.gtValue(0, "a number above 0"));
const atOnce = v.pipe(v.number(), v.integer("a whole number"), v.minValue(1, "a number from 1 on"));

const upstreamKey = v.union(
  [
    text,
    v.strictObject({
      key: v.pipe(text, v.description("The key itself.")),
      weight: key("Its share among the keys, by strategies that know weights. Default 1.", weight),
      limits: key("What it takes, such as 500/min, 30000 tokens/min; by model as a map.", limitsByModel),
      concurrency: key("The most calls that it has at once.", atOnce),
    }),
  ],
  "a key, or a map with a key",
);

const upstream = v.pipe(
  v.strictObject({
    name: key("Unique name. Default the provider's name, then openai-2, …", text),
    provider: v.pipe(
      v.string("a provider's name"),
      v.nonEmpty("a provider's name"),
      v.description("Built-in provider, ./path.ts, or package."),
    ),
    baseURL: key("Where its API is. Default the provider's own.", baseURL),
    forwardURL: key("Where paths under its prefix go. Default baseURL.", baseURL),
    key: key("Its key, when there is one.", text),
    keys: key("Its keys; calls are spread over them.", oneOrMany(upstreamKey)),
    keyStrategy: key("How its keys take turns. Default round-robin.", text),
    keyLimits: key("What each key takes, such as 500/min; by model as a map.", limitsByModel),
    keyConcurrency: key("The most calls that each key has at once.", atOnce),
    limits: key("What it takes over all of its keys.", limitsByModel),
    concurrency: key("The most calls that it has at once.", atOnce),
    regions: key("Regions that take turns, where the provider has some.", v.array(text)),
    models: key("Models it offers; { upstream's name: offered name } renames.", v.array(model)),
    prefix: key("Paths under this go to it as they are.", oneOrMany(prefix)),
    weight: key("Its share among upstreams of one priority. Default 1.", weight),
    weights: key(
      "Its share for single models, by offered name or pattern; 0 takes a model out.",
      v.record(text, v.pipe(v.number(), v.finite("a number from 0 on"), v.minValue(0, "a number from 0 on"))),
    ),
    priority: key("Higher goes first. Default 0.", v.pipe(v.number(), v.finite("a number"))),
    headers: key("Headers set on every request to it.", v.record(headerName, headerValue)),
    timeouts: key("Time-outs of its own.", timeouts),
    modelTimeouts: key(
      "Time-outs of its own for models, by offered name or pattern.",
      v.record(text, timeouts),
    ),
    proxy: key("http:// or https:// proxy through which it is reached.", proxyURL),
    forwarded: key("Send x-forwarded-*. Default true.", v.boolean()),
    keyHeader: key(
      "Which header carries the key, when it is not the provider's own.",
      v.union([
        headerName,
        v.strictObject({ name: headerName, prefix: key("What stands before the key.", v.string()) }),
      ]),
    ),
    strict: key(
      "Refuse a translated call with a field that this upstream's protocol cannot say; else the field is left out. Default false.",
      v.boolean(),
    ),
    options: key("The provider's own options.", v.unknown()),
  }),
  v.transform(({ key, keys, ...rest }) => ({
    ...rest,
    ...((key ?? keys) !== undefined && { keys: [key ?? [], keys ?? []].flat() }),
  })),
);

const names = v.array(text);

const gatewayKey = v.strictObject({
  key: v.pipe(
    v.string("text that callers send as their key"),
    v.nonEmpty("text that callers send as their key"),
    v.description("The key that callers send."),
  ),
  name: key("Unique; shown in logs instead of the key. Default key-1, key-2, …", text),
  role: key("admin may use the gateway's own endpoints. Default user.", text),
  models: key("Models it may ask for: * is a wildcard, !name takes one away. Default all.", names),
  prefixes: key("Route prefixes it may use, in the same grammar. Default all.", names),
  upstreams: key("Upstreams that may serve it, in the same grammar. Default all.", names),
  expires: key("Date or date-time after which it is refused.", isoDate),
  allow: key("Addresses or ranges it may come from. Default all.", v.array(addressRange)),
  deny: key("Addresses or ranges it may not come from.", v.array(addressRange)),
  routes: key(
    "Which upstreams serve which models for it, in this order: gpt-4o, openai/gpt-4o, openai/*, <a/b>, all; { rule: weight }. Default all.",
    v.array(routeRule),
  ),
  strategy: key("How its upstreams take turns. Default that of the plugin routing.", text),
  limits: key("Limits such as 60/min or 100000 tokens/min.", limitTexts),
});

const shortKey = v.pipe(
  v.union([text, gatewayKey], "a key, or a map with a key"),
  v.transform((entry) => (typeof entry === "string" ? { key: entry } : entry)),
);

const oneEntry = "one plugin an entry: its name, and its options indented below it";
const pluginMap = v.pipe(
  v.record(text, v.unknown(), "a plugin's name, or a map from its name to its options"),
  v.entries(1, oneEntry),
);

// Lazy, as a list would pass for a map of its indexes.
const pluginEntry = v.lazy((input) => (typeof input === "string" ? text : pluginMap));
const pluginOptions = v.record(text, v.unknown(), "a list of plugins, or a map from names to options");
const plugins = v.lazy((input) => (Array.isArray(input) ? v.array(pluginEntry) : pluginOptions));

/** The configuration as a person writes it. Strict: what is not here is a mistake. */
export const configSchema = v.strictObject({
  $schema: key("Where the JSON Schema of this file is, for editors.", v.string()),
  extends: key(
    "Presets to build on: names, packages, paths or URLs. Default [default]; [] means none.",
    oneOrMany(text),
  ),
  reloadInterval: key(
    "How often a configuration from a URL is read again. Default 60s; 0 means never.",
    duration,
  ),
  server: key("How the gateway itself behaves.", server),
  state: key("Where limits and other state live.", state),
  upstreams: key("Services that calls go to.", v.array(upstream)),
  keys: key("Keys that callers may use.", v.array(shortKey)),
  aliases: key("Other names for models: { alias: model }.", v.record(text, text)),
  plugins: key(
    "Plugins and their options, in the order of the pipeline. `name: false` takes one out.",
    plugins,
  ),
});

/** A configuration, or a part of one, as a preset or a TypeScript module writes it. */
export type Config = v.InferInput<typeof configSchema>;
/** The same with durations and sizes as numbers and short forms written out. */
export type ParsedConfig = v.InferOutput<typeof configSchema>;
