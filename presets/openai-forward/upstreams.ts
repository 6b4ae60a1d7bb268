import type { Config } from "../../config/schema.ts";
import type { KeyGroup } from "./levels.ts";
import { groupKeys } from "./levels.ts";
import { createNames, levelName, prefixName } from "./names.ts";
import type { Forward, Settings } from "./settings.ts";

type UpstreamEntry = NonNullable<Config["upstreams"]>[number];
type KeyEntry = Exclude<NonNullable<Config["keys"]>[number], string>;

/** Where `BENCHMARK_MODE` answers. */
export const benchmarkPrefix = "/benchmark";

/** Upstreams, keys, and who may use what without a key. */
export interface Access {
  upstreams: UpstreamEntry[];
  keys: KeyEntry[];
  /** Option of the plugin `auth`. */
  anonymous: boolean | { prefixes: string[]; upstreams: string[] };
}

/**
 * An OpenAI-shaped upstream stands once for each group of pool keys, all under its prefix: a forward key
 * may use the ones of its level only, and the keys of one upstream are used in turn.
 */
export function mapAccess(settings: Settings): Access {
  const { forwards, forwardKeys, benchmark } = settings;
  const groups = groupKeys(settings);
  const name = createNames();
  const proxy = settings.proxy === undefined ? {} : { proxy: settings.proxy };
  const byGroup = groups.map(() => [] as string[]);
  const open: string[] = [];
  const upstreams = forwards.flatMap((forward): UpstreamEntry[] => {
    const shared = { forwarded: false, prefix: forward.prefix, ...proxy };
    if (forward.type === "openai") {
      const base = prefixName(forward.prefix, "openai");
      return groups.map((group, index) => {
        const upstream = {
          name: name(groups.length > 1 ? base + groupSuffix(group) : base),
          ...openAIPart(forward),
        };
        byGroup[index]?.push(upstream.name);
        return { ...upstream, ...(group.keys.length > 0 && { keys: group.keys }), ...shared };
      });
    }
    const own = name(prefixName(forward.prefix, forward.type));
    if (forward.type === "custom") return [{ name: own, ...openAIPart(forward), ...shared }];
    open.push(own);
    return [{ name: own, provider: "generic", baseURL: forward.baseURL, ...shared }];
  });
  const openPrefixes = forwards.filter(({ type }) => type === "general").map(({ prefix }) => prefix);
  if (benchmark) {
    const own = name("benchmark");
    upstreams.push({ name: own, provider: "benchmark-echo", prefix: benchmarkPrefix });
    open.push(own);
    openPrefixes.push(benchmarkPrefix);
  }
  const closed = open.length > 0 && { prefixes: openPrefixes, upstreams: open };
  return {
    upstreams,
    keys: mapKeys(settings, groups, byGroup),
    anonymous: forwardKeys.length === 0 || closed,
  };
}

/** Its API for the gateway's own use is at `/v1`; forwarded paths bring theirs along. */
function openAIPart({ baseURL }: Forward) {
  const versioned = /\/v\d\w*$/.test(baseURL) ? baseURL : `${baseURL}/v1`;
  return { provider: "openai", baseURL: versioned, forwardURL: baseURL };
}

function mapKeys(
  { forwardKeys, levelModels }: Settings,
  groups: KeyGroup[],
  byGroup: string[][],
): KeyEntry[] {
  const counts = new Map<number, number>();
  return forwardKeys.map(({ key, level }) => {
    const count = (counts.get(level) ?? 0) + 1;
    counts.set(level, count);
    const others = byGroup.filter((_, index) => !groups[index]?.levels.includes(level)).flat();
    return {
      key,
      name: level === 0 ? `forward-${count}` : levelName(level, count),
      ...(level !== 0 && { models: levelModels.get(level) ?? [] }),
      ...(others.length > 0 && { upstreams: others.map((other) => `!${other}`) }),
    };
  });
}

function groupSuffix({ levels }: KeyGroup): string {
  return `-${levelName("*").replace("*", levels.join("-"))}`;
}
