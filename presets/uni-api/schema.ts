import * as v from "valibot";
import { baseURL } from "../../config/values.ts";
import { flag, inBothSpellings, limits, listOf, models, name, seconds, word } from "../api-yaml/words.ts";

/** How uni-api's engines are called, in `engine`. */
export const engines = [
  "gpt",
  "claude",
  "gemini",
  "openrouter",
  "vertex",
  "vertex-gemini",
  "vertex-claude",
  "cloudflare",
  "cohere",
  "o1",
  "dalle",
  "whisper",
  "tts",
  "moderation",
  "embedding",
  "azure",
  "aws",
] as const;

export type Engine = (typeof engines)[number];

const byModel = v.record(name, seconds);
const schedules = ["round_robin", "random", "fixed_priority"] as const;
const algorithms = ["round_robin", "fixed_priority", "weighted_round_robin", "lottery", "random"] as const;

const channelPreferences = inBothSpellings({
  api_key_rate_limit: v.optional(limits),
  api_key_cooldown_period: v.optional(seconds),
  api_key_schedule_algorithm: v.optional(v.picklist(schedules)),
  model_timeout: v.optional(byModel),
  keepalive_interval: v.optional(byModel),
  proxy: v.optional(word),
  headers: v.optional(v.record(name, word)),
  post_body_parameter_overrides: v.optional(v.record(name, v.unknown())),
  cooldown_period: v.optional(seconds),
});

const provider = v.strictObject({
  provider: word,
  base_url: v.optional(baseURL),
  api: v.optional(listOf(word, "a key, or a list of keys")),
  model: v.optional(models),
  tools: v.optional(flag),
  engine: v.optional(v.picklist(engines)),
  project_id: v.optional(word),
  private_key: v.optional(word),
  // A page that hides addresses leaves `[email protected]` of one, which is a list.
  client_email: v.optional(
    v.pipe(
      listOf(word, "the service account's address"),
      v.transform(([first = ""]) => first),
    ),
  ),
  cf_account_id: v.optional(word),
  aws_access_key: v.optional(word),
  aws_secret_key: v.optional(word),
  notes: v.optional(v.unknown()),
  preferences: v.optional(channelPreferences),
});

const weight = v.pipe(v.number(), v.integer("a whole number"), v.minValue(1, "a weight from 1 on"));
const rule = v.union(
  [word, v.pipe(v.record(name, weight), v.entries(1, "one rule and its weight an entry"))],
  "a rule such as gpt-4o, openai/gpt-4o, openai/*, <a/b> or all, or a map from a rule to its weight",
);

const keyPreferences = inBothSpellings({
  scheduling_algorithm: v.optional(v.picklist(algorithms)),
  auto_retry: v.optional(
    v.union([flag, v.pipe(v.number(), v.integer(), v.minValue(0))], "true, false or a number"),
  ),
  rate_limit: v.optional(limits),
  enable_moderation: v.optional(flag),
  credits: v.optional(v.number()),
  created_at: v.optional(v.unknown()),
});

const apiKey = v.strictObject({
  api: word,
  model: v.optional(listOf(rule, "a list of rules")),
  role: v.optional(word),
  preferences: v.optional(keyPreferences),
});

const preferences = inBothSpellings({
  model_timeout: v.optional(byModel),
  cooldown_period: v.optional(seconds),
  rate_limit: v.optional(limits),
  keepalive_interval: v.optional(byModel),
  error_triggers: v.optional(listOf(word, "a list of texts")),
  proxy: v.optional(word),
  model_price: v.optional(v.record(name, word)),
});

/** uni-api's `api.yaml`, of 2024 and of 2025. */
export const uniSchema = v.strictObject({
  providers: v.array(provider),
  api_keys: v.array(apiKey),
  preferences: v.optional(preferences),
  ENABLE_MODERATION: v.optional(flag),
});

export type UniConfig = v.InferOutput<typeof uniSchema>;
export type UniProvider = UniConfig["providers"][number];
export type UniKey = UniConfig["api_keys"][number];
