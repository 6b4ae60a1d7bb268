import type { Path } from "../../config/document.ts";
import { createNames } from "../api-yaml/draft.ts";
import type { Draft } from "../api-yaml/draft.ts";
import type { Channel } from "./channels.ts";
import { spelled } from "./place.ts";
import { reaches, routesOf } from "./rules.ts";
import type { Rule } from "./rules.ts";
import type { UniConfig, UniKey } from "./schema.ts";

/** uni-api's names of ways to take turns, and ours. */
const strategies = {
  round_robin: "round-robin",
  fixed_priority: "order",
  weighted_round_robin: "weighted",
  lottery: "lottery",
  random: "random",
} as const;

const usualLimit = "60/min";
const moderationModel = "text-moderation-latest";

interface Site {
  file: unknown;
  channels: readonly Channel[];
  draft: Draft;
}

/** A key, its place in the file, and the name under which logs and limits know it. */
interface Named {
  key: UniKey;
  name: string;
  place: Path;
}

/** Makes a gateway key of each key, and the limits, retries and moderation that it asks for. */
export function mapKeys({ api_keys: keys }: UniConfig, { file, channels, draft }: Site): void {
  const nameOf = createNames();
  const someAdmin = keys.some(isAdmin);
  const limited: string[] = [];
  for (const [index, key] of keys.entries()) {
    const place: Path = ["api_keys", index];
    const role = key.role !== undefined && key.role !== "admin" ? key.role : undefined;
    const name = nameOf(role ?? `key-${index + 1}`);
    const named = { key, name, place };
    const routes = routesOf(key, place, { channels, keys, draft });
    const algorithm = key.preferences?.scheduling_algorithm;
    const admin = someAdmin ? isAdmin(key) : index === 0;
    draft.key(
      {
        key: key.api,
        name,
        ...(admin && { role: "admin" }),
        ...(routes && { routes: routes.map(entryOf) }),
        ...(algorithm && { strategy: strategies[algorithm] }),
      },
      place,
    );
    if (!mapLimits(named, file, draft)) limited.push(name);
    mapRetry(named, file, draft);
    mapModeration(named, routes, { file, channels, draft });
    for (const later of ["credits", "created_at"] as const) {
      if (key.preferences?.[later] === undefined) continue;
      draft.warn(
        spelled(file, [...place, "preferences"], later),
        "is not honoured yet; what calls cost is not counted",
      );
    }
  }
  if (limited.length > 0) addLimit({ keys: limited, limits: [usualLimit] }, ["api_keys"], draft);
}

function isAdmin({ role }: UniKey): boolean {
  return role?.includes("admin") ?? false;
}

function entryOf({ text, weight }: Rule): string | Record<string, number> {
  return weight === undefined ? text : { [text]: weight };
}

/** uni-api counts each client's address apart for each key. */
function addLimit(
  rule: { keys: string[]; limits: string[]; models?: string[] },
  from: Path,
  draft: Draft,
): void {
  const per = rule.models ? ["key", "ip", "model"] : ["key", "ip"];
  draft.listed("rate-limit", "rules", { per, ...rule }, from);
}

/** False for a key without limits of its own. */
function mapLimits({ key, name, place }: Named, file: unknown, draft: Draft): boolean {
  const limits = key.preferences?.rate_limit;
  if (!limits) return false;
  const from = spelled(file, [...place, "preferences"], "rate_limit");
  const models = Object.keys(limits).filter((model) => model !== "default");
  for (const [model, given] of Object.entries(limits)) {
    const rest = models.length > 0 ? ["*", ...models.map((one) => `!*${one}*`)] : undefined;
    const fits = model === "default" ? rest : [`*${model}*`];
    addLimit({ keys: [name], ...(fits && { models: fits }), limits: given }, from, draft);
  }
  return true;
}

function mapRetry({ key, name, place }: Named, file: unknown, draft: Draft): void {
  const retry = key.preferences?.auto_retry;
  if (retry === undefined || retry === true) return;
  const attempts = retry === false ? 1 : retry + 1;
  draft.byKey("retry", "keys", name, attempts, spelled(file, [...place, "preferences"], "auto_retry"));
}

function mapModeration(
  { key, name, place }: Named,
  routes: Rule[] | undefined,
  { file, channels, draft }: Site,
): void {
  if (!key.preferences?.enable_moderation) return;
  const from = spelled(file, [...place, "preferences"], "enable_moderation");
  if (!reaches(routes, moderationModel, channels)) {
    draft.warn(
      from,
      `moderates NOTHING: no provider offers ${moderationModel} to this key, so its calls go on unlooked at`,
    );
    return;
  }
  const options = { model: moderationModel, onError: "block", asCaller: true };
  draft.plugin("moderation", options, from);
  draft.listed("moderation", "keys", name, from);
}
