import { maskSecret } from "../mask.ts";
import { stages } from "../pipeline.ts";
import { table } from "./table.ts";
import type { LoadedConfig } from "../../config/load.ts";
import type { Gateway } from "../../config/gateway.ts";
import type { OfferedModel, Upstream } from "../upstream.ts";

/** What a configuration means, without its secrets. */
export interface Understanding {
  source: string;
  host: string;
  port: number;
  state: string;
  upstreams: UnderstoodUpstream[];
  keys: UnderstoodKey[];
  aliases: Record<string, string>;
  pipeline: { stage: string; plugins: string[] }[];
  /** Plugins that stand in no stage: protocols, providers, endpoints. */
  others: string[];
}

interface UnderstoodUpstream {
  name: string;
  provider: string;
  baseURL: string;
  models: OfferedModel[];
  prefixes: string[];
  /** Masked. */
  keys: string[];
  priority: number;
  weight: number;
}

interface UnderstoodKey {
  name: string;
  /** Masked. */
  key: string;
  role: string;
  models: string[];
  prefixes: string[];
  upstreams: string[];
  limits: string[];
  expires?: string;
}

/** What a gateway made of its configuration. */
export function understand({ config, source }: LoadedConfig, { context, layers }: Gateway): Understanding {
  const { server, upstreams, keys, aliases } = context;
  const inPipeline = new Set(layers.map(({ plugin }) => plugin));
  return {
    source,
    host: server.host,
    port: server.port,
    state: config.state?.driver ?? "memory",
    upstreams: upstreams.map(understandUpstream),
    keys: keys.map((key, index) => ({
      name: key.name ?? `key-${index + 1}`,
      key: maskSecret(key.key),
      role: key.role ?? "user",
      models: key.models ?? [],
      prefixes: key.prefixes ?? [],
      upstreams: key.upstreams ?? [],
      limits: key.limits ?? [],
      ...(key.expires !== undefined && { expires: key.expires }),
    })),
    aliases: { ...aliases },
    pipeline: stages
      .map((stage) => ({
        stage,
        plugins: layers.filter((layer) => layer.stage === stage).map(({ plugin }) => plugin),
      }))
      .filter(({ plugins }) => plugins.length > 0),
    others: config.plugins.map(({ plugin }) => plugin.name).filter((name) => !inPipeline.has(name)),
  };
}

function understandUpstream({ name, provider, baseURL, models, prefixes, keys, priority, weight }: Upstream) {
  return {
    name,
    provider: provider.name,
    baseURL,
    models: [...models],
    prefixes: prefixes.map((prefix) => prefix || "/"),
    keys: keys.map(({ value }) => maskSecret(value)),
    priority,
    weight,
  };
}

/** The same, for people. */
export function describe(understood: Understanding): string {
  const { source, host, port, state, upstreams, keys, aliases, pipeline, others } = understood;
  const address = host.includes(":") ? `[${host}]` : host || "all addresses";
  const aliasRows = Object.entries(aliases).map(([alias, model]) => [alias, model]);
  const parts = [
    `The configuration is in order: ${source}.\nIt would listen on ${address}, port ${port}, and keep its state in ${stateName(state)}.\n`,
    section("Upstreams", "none: no call could be answered", upstreamTable(upstreams)),
    section("Keys", "none", keyTable(keys)),
    aliasRows.length > 0 && section("Aliases", "", table(["alias", "model"], aliasRows)),
    section(
      "Pipeline, in the order a call passes it",
      "nothing",
      pipeline.length > 0 &&
        table(
          ["stage", "plugins"],
          pipeline.map(({ stage, plugins }) => [stage, plugins.join(", ")]),
        ),
    ),
    others.length > 0 && `Beside the pipeline\n  ${others.join(", ")}\n`,
  ];
  return parts.filter(Boolean).join("\n");
}

function section(title: string, none: string, body: string | false): string {
  return body ? `${title}\n${body}` : `${title}: ${none}.\n`;
}

function stateName(driver: string): string {
  if (driver === "redis") return "Redis";
  return driver === "fs" ? "files" : "memory";
}

function upstreamTable(upstreams: readonly UnderstoodUpstream[]): string | false {
  const headings = ["name", "provider", "base URL", "models", "prefixes", "keys", "priority", "weight"];
  // Both say something only where they differ.
  const ranked = upstreams.some(({ priority }) => priority !== 0);
  const weighted = upstreams.some(({ weight }) => weight !== 1);
  const rows = upstreams.map((one) => [
    one.name,
    one.provider,
    one.baseURL,
    some(one.models.map(({ name, upstreamName }) => (upstreamName ? `${name} = ${upstreamName}` : name))),
    some(one.prefixes),
    some(one.keys),
    ranked ? String(one.priority) : "",
    weighted ? String(one.weight) : "",
  ]);
  return rows.length > 0 && table(headings, rows);
}

function keyTable(keys: readonly UnderstoodKey[]): string | false {
  const headings = ["name", "key", "role", "models", "prefixes", "upstreams", "limits", "expires"];
  const rows = keys.map((one) => [
    one.name,
    one.key,
    one.role,
    some(one.models),
    some(one.prefixes),
    some(one.upstreams),
    some(one.limits),
    one.expires ?? "",
  ]);
  return rows.length > 0 && table(headings, rows);
}

/** The first few of a list; all of them stand in the JSON. */
function some(items: readonly string[]): string {
  const shown = items.length > 6 ? [...items.slice(0, 5), `and ${items.length - 5} more`] : items;
  return shown.join(", ");
}
