import type { Path } from "../../config/document.ts";
import { createNames } from "../api-yaml/draft.ts";
import type { Draft, UpstreamEntry } from "../api-yaml/draft.ts";
import { offersOf } from "../api-yaml/offers.ts";
import { engineOf, serviceOf } from "./engines.ts";
import { overridesOf } from "./overrides.ts";
import { spelled } from "./place.ts";
import type { UniConfig, UniProvider } from "./schema.ts";
import { limitsByPattern, timeoutsByPattern } from "./patterns.ts";
import { duration } from "../api-yaml/time.ts";

/** A channel of uni-api, and the upstream that it becomes. */
export interface Channel {
  /** As uni-api's rules call it; several may have one name. */
  name: string;
  /** The upstream's name, which is its own. */
  upstream: string;
  /** Offered names; undefined where the service's own list decides. */
  models: readonly string[] | undefined;
}

const strategies = { round_robin: "round-robin", random: "random", fixed_priority: "order" } as const;

/** Makes an upstream of each channel. */
export function mapChannels({ providers, preferences }: UniConfig, file: unknown, draft: Draft): Channel[] {
  const nameOf = createNames();
  return providers.map((given, index) => {
    const place: Path = ["providers", index];
    const upstream = nameOf(given.provider);
    const listed = given.model?.flat();
    draft.upstream(
      {
        name: upstream,
        ...serviceOf(given),
        ...(given.api && { keys: given.api }),
        ...(listed && { models: offersOf(listed) }),
        ...mapPreferences(given, preferences?.proxy, { file, place: [...place, "preferences"], draft }),
        forwarded: false,
      },
      place,
    );
    checkCredentials(given, place, draft);
    overridesOf(given, { upstream, place, file, draft });
    mapRests(given, { upstream, place, file, draft });
    return { name: given.provider, upstream, models: listed?.map(({ name }) => name) };
  });
}

interface Site {
  file: unknown;
  place: Path;
  draft: Draft;
}

function mapPreferences(
  { preferences = {} }: UniProvider,
  generalProxy: string | undefined,
  { file, place, draft }: Site,
): Partial<UpstreamEntry> {
  const {
    api_key_rate_limit: limits,
    api_key_schedule_algorithm: schedule,
    model_timeout: timeouts,
    keepalive_interval: keepalive,
    headers,
    proxy = generalProxy,
  } = preferences;
  if (keepalive) draft.warn(spelled(file, place, "keepalive_interval"), unsaid.keepalive);
  return {
    ...(limits && { keyLimits: limitsByPattern(limits) }),
    ...(schedule && { keyStrategy: strategies[schedule] }),
    ...(timeouts && { modelTimeouts: timeoutsByPattern(timeouts) }),
    ...(headers && { headers }),
    ...proxyOf(
      proxy,
      preferences.proxy === undefined ? ["preferences", "proxy"] : [...place, "proxy"],
      draft,
    ),
  };
}

/** What is told of what there is no counterpart for. */
export const unsaid = {
  keepalive:
    "is not honoured; translated streams are kept alive by themselves, others as their upstream does it",
} as const;

function proxyOf(proxy: string | undefined, from: Path, draft: Draft): { proxy?: string } {
  if (proxy === undefined) return {};
  if (/^https?:/i.test(proxy)) return { proxy };
  draft.warn(
    from,
    "is not honoured; a proxy has to be an http:// or https:// one, and this upstream is called without",
  );
  return {};
}

function checkCredentials(given: UniProvider, place: Path, draft: Draft): void {
  const engine = engineOf(given);
  const needed = engine.startsWith("vertex") && given.api === undefined;
  if (needed && (given.private_key === undefined || given.client_email === undefined)) {
    draft.warn(place, "has no private_key and client_email: Vertex will refuse its calls");
  }
}

/** How long a channel, and a key of it, is left alone after a failure. */
function mapRests(
  { preferences = {} }: UniProvider,
  { upstream, place, file, draft }: Site & { upstream: string },
): void {
  const { api_key_cooldown_period: ofKey, cooldown_period: ofChannel } = preferences;
  const at = (name: string): Path => spelled(file, [...place, "preferences"], name);
  if (ofKey !== undefined) {
    draft.overrides("cooldown", upstream, { rateLimit: duration(ofKey) }, at("api_key_cooldown_period"));
  }
  if (ofChannel !== undefined) {
    draft.overrides("breaker", upstream, restAtOnce(ofChannel), at("cooldown_period"));
  }
}

/** Options of the plugin breaker: whatever fails rests for so many seconds, with all its keys. */
export function restAtOnce(seconds: number): Record<string, unknown> {
  if (seconds === 0) return { consecutive: 0, rate: 0 };
  return {
    consecutive: 1,
    rest: { first: duration(seconds), max: duration(seconds) },
    scope: "upstream-model",
    statuses: [401, 402, 403, 404, 408, 429, "5xx"],
  };
}
