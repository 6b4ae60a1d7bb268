import * as v from "valibot";
import type { ConfigProblem } from "./config-error.ts";
import type { UpstreamConfig, UpstreamKeyConfig } from "./config.ts";
import { issuesToProblems } from "./issues.ts";
import type { Provider } from "./provider.ts";
import type { Timeouts } from "./transport/types.ts";
import type { LimitsByModel, OfferedModel, Upstream, UpstreamKey } from "./upstream.ts";

/** Makes configured upstreams ready to use. Mistakes are added to `problems`, and the upstream left out. */
export function resolveUpstreams(
  configs: readonly UpstreamConfig[],
  providers: ReadonlyMap<string, Provider>,
  timeouts: Timeouts,
  problems: ConfigProblem[],
): Upstream[] {
  const names = new Set<string>();
  return configs.flatMap((config, index) => {
    const path = ["upstreams", index];
    const provider = providers.get(config.provider);
    if (!provider) {
      problems.push({
        path: [...path, "provider"],
        found: config.provider,
        expected: oneOf(providers.keys()),
      });
      return [];
    }
    const name = config.name ?? freeName(provider.name, names);
    if (names.has(name)) {
      problems.push({ path: [...path, "name"], found: name, expected: "a name that no other upstream has" });
    }
    names.add(name);
    const before = problems.length;
    const options = resolveOptions(provider, config.options, path, problems);
    if (problems.length > before) return [];
    const baseURL = config.baseURL ?? ownURL(provider, options);
    if (baseURL === undefined) {
      problems.push({ path: [...path, "baseURL"], found: "nothing", expected: wantedURL(provider) });
      return [];
    }
    return [build(config, { provider, name, baseURL, options, timeouts })];
  });
}

function ownURL({ baseURL }: Provider, options: unknown): string | undefined {
  return typeof baseURL === "function" ? baseURL(options) : baseURL;
}

function wantedURL({ name, baseURL }: Provider): string {
  const or = baseURL === undefined ? "" : ", or the options that it follows from";
  return `a base URL${or}: provider ${name} has none of its own`;
}

interface Resolved {
  provider: Provider;
  name: string;
  baseURL: string;
  options: unknown;
  timeouts: Timeouts;
}

function build(config: UpstreamConfig, resolved: Resolved): Upstream {
  const baseURL = trimSlash(resolved.baseURL);
  return {
    name: resolved.name,
    provider: withKeyHeader(resolved.provider, config.keyHeader),
    baseURL,
    forwardURL: config.forwardURL === undefined ? baseURL : trimSlash(config.forwardURL),
    keys: (config.keys ?? []).map(upstreamKey),
    keyStrategy: config.keyStrategy,
    models: (config.models ?? []).flatMap(offeredModels),
    prefixes: [config.prefix ?? []].flat().map(trimSlash),
    weight: config.weight ?? 1,
    priority: config.priority ?? 0,
    weights: config.weights ?? {},
    limits: byModel(config.limits) ?? {},
    keyLimits: byModel(config.keyLimits) ?? {},
    concurrency: config.concurrency,
    keyConcurrency: config.keyConcurrency,
    regions: config.regions,
    headers: config.headers ?? {},
    timeouts: { ...resolved.timeouts, ...config.timeouts },
    modelTimeouts: config.modelTimeouts ?? {},
    proxy: config.proxy,
    forwarded: config.forwarded ?? true,
    strict: config.strict ?? false,
    options: resolved.options,
  };
}

function upstreamKey(given: string | UpstreamKeyConfig): UpstreamKey {
  const config = typeof given === "string" ? { key: given } : given;
  const { key: value, weight = 1, concurrency } = config;
  return { value, weight, limits: byModel(config.limits), concurrency };
}

function byModel(limits: string[] | Record<string, string[]> | undefined): LimitsByModel | undefined {
  return Array.isArray(limits) ? { "*": limits } : limits;
}

function offeredModels(model: string | Record<string, string>): OfferedModel[] {
  if (typeof model === "string") return [{ name: model }];
  return Object.entries(model).map(([upstreamName, name]) => ({ name, upstreamName }));
}

/** A provider whose key goes into another header than its own. */
function withKeyHeader(provider: Provider, keyHeader: UpstreamConfig["keyHeader"]): Provider {
  if (keyHeader === undefined) return provider;
  const { name, prefix = "" } = typeof keyHeader === "string" ? { name: keyHeader } : keyHeader;
  return {
    ...provider,
    authenticate(headers, target) {
      headers.push(name.toLowerCase(), prefix + (target.key ?? ""));
    },
  };
}

function resolveOptions(
  provider: Provider,
  options: unknown,
  path: (string | number)[],
  problems: ConfigProblem[],
): unknown {
  if (!provider.options) {
    if (options !== undefined && Object.keys(options as object).length > 0) {
      const expected = `nothing: provider ${provider.name} has no options`;
      problems.push({ path: [...path, "options"], found: "options", expected });
    }
    return undefined;
  }
  const result = v.safeParse(provider.options, options ?? {});
  if (result.success) return result.output;
  problems.push(...issuesToProblems(result.issues, [...path, "options"]));
  return undefined;
}

function freeName(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  for (let n = 2; ; n++) if (!taken.has(`${base}-${n}`)) return `${base}-${n}`;
}

function trimSlash(url: string): string {
  return url.endsWith("/") ? url.slice(0, -1) : url;
}

function oneOf(names: Iterable<string>): string {
  return `one of ${[...names].join(", ")}`;
}
