import type { Env } from "../../config/env.ts";
import type { Config } from "../../config/schema.ts";
import type { Draft } from "../api-yaml/draft.ts";
import { restAtOnce, unsaid } from "./channels.ts";
import { timeoutsByPattern } from "./patterns.ts";
import { spelled } from "./place.ts";
import { engineOf } from "./engines.ts";
import type { UniConfig, UniProvider } from "./schema.ts";
import { duration } from "../api-yaml/time.ts";

/** Seconds without a sign of an upstream, where neither the file nor the environment says anything. */
const usualTimeout = 100;
/** Attempts of a call: one for each key of each channel, or each of its regions; between these. */
const fewestAttempts = 3;
const mostAttempts = 30;
const mostRegions = 6;

/** What is said for the gateway as a whole. Yields the section `server`. */
export function mapSettings(given: UniConfig, file: unknown, env: Env, draft: Draft): Config["server"] {
  const { preferences = {}, providers } = given;
  const at = (name: string) => spelled(file, ["preferences"], name);
  draft.plugin("routing", { strategy: "round-robin", patterns: true });
  const targets = providers.reduce((sum, one) => sum + targetsOf(one), 0);
  draft.plugin("retry", { attempts: Math.min(mostAttempts, Math.max(fewestAttempts, targets)) });
  draft.plugin("models", { ownedBy: "uni-api" });
  draft.plugin("stats", { enabled: !isSet(env.DISABLE_DATABASE) });
  draft.plugin("generate-key");
  mapGlobalLimits(given, file, draft);
  const { cooldown_period: cooldown, error_triggers: texts } = preferences;
  if (cooldown !== undefined) draft.plugin("breaker", restAtOnce(cooldown), at("cooldown_period"));
  if (texts) draft.plugin("error-triggers", { texts }, at("error_triggers"));
  warnOfTheRest(given, file, env, draft);
  return serverOf(given, file, env, draft);
}

function targetsOf(channel: UniProvider): number {
  const keys = Math.max(1, channel.api?.length ?? 0);
  return engineOf(channel).startsWith("vertex") ? keys * mostRegions : keys;
}

function serverOf({ preferences = {} }: UniConfig, file: unknown, env: Env, draft: Draft): Config["server"] {
  const { model_timeout: byModel } = preferences;
  const time = duration(timeoutOf(env, draft));
  if (byModel) draft.origin(["server", "modelTimeouts"], spelled(file, ["preferences"], "model_timeout"));
  return {
    host: "0.0.0.0",
    port: 8000,
    timeouts: { firstByte: time, silence: time },
    ...(byModel && { modelTimeouts: timeoutsByPattern(byModel) }),
  };
}

function timeoutOf({ TIMEOUT }: Env, draft: Draft): number {
  if (TIMEOUT === undefined || TIMEOUT.trim() === "") return usualTimeout;
  const seconds = Number(TIMEOUT);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  draft.warn([], `TIMEOUT: found ${JSON.stringify(TIMEOUT)}, expected seconds; ${usualTimeout} are used`);
  return usualTimeout;
}

/** `rate_limit` at the top is over all calls together. */
function mapGlobalLimits({ preferences = {} }: UniConfig, file: unknown, draft: Draft): void {
  const { rate_limit: limits } = preferences;
  if (!limits) return;
  const from = spelled(file, ["preferences"], "rate_limit");
  for (const [model, given] of Object.entries(limits)) {
    if (model === "default") draft.plugin("rate-limit", { global: given }, from);
    else draft.listed("rate-limit", "rules", { per: [], models: [`*${model}*`], limits: given }, from);
  }
}

function warnOfTheRest(
  { preferences = {}, ...given }: UniConfig,
  file: unknown,
  env: Env,
  draft: Draft,
): void {
  const at = (name: string) => spelled(file, ["preferences"], name);
  if (preferences.keepalive_interval) draft.warn(at("keepalive_interval"), unsaid.keepalive);
  if (preferences.model_price) {
    draft.warn(at("model_price"), "is not honoured yet; what calls cost is not counted");
  }
  if (given.ENABLE_MODERATION) {
    draft.warn(
      ["ENABLE_MODERATION"],
      "is not honoured; a call without a key is refused, so there is nothing to moderate",
    );
  }
  if (isSet(env.DEBUG)) draft.warn([], "DEBUG is not honoured; start with --log-level debug");
  if (env.DB_PATH) {
    draft.warn([], "DB_PATH is not honoured yet; statistics are kept in the gateway's state, see `state`");
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && ["true", "1", "yes", "on"].includes(value.trim().toLowerCase());
}
