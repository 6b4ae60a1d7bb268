import * as v from "valibot";
import { baseURL } from "../../config/values.ts";
import { flag, listOf, models, name, word } from "../api-yaml/words.ts";

const share = v.pipe(v.number(), v.finite("a weight"), v.minValue(0, "a weight from 0 on"));
const balance = v.pipe(
  v.union([v.array(v.record(name, share)), v.record(name, share)], "a list of weights such as - gpt-4o: 2"),
  v.transform((given): Record<string, number> => Object.assign({}, ...[given].flat())),
);

/** Keys beside these go to the provider, as its options. */
const provider = v.objectWithRest(
  {
    provider: word,
    name: v.optional(word),
    base_url: v.optional(baseURL),
    api_key: v.optional(listOf(word, "a key")),
    model: v.optional(models),
    balance: v.optional(balance),
    PROJECT_ID: v.optional(word),
    CLIENT_ID: v.optional(word),
    CLIENT_SECRET: v.optional(word),
    REFRESH_TOKEN: v.optional(word),
    account_id: v.optional(word),
  },
  v.unknown(),
);

const token = v.strictObject({
  api_key: word,
  model: v.optional(listOf(word, "a list of models")),
});

const server = v.strictObject({
  default_model: v.optional(word),
  debug: v.optional(flag),
  admin_server: v.optional(flag),
  db_cache: v.optional(flag),
  save_log_file: v.optional(flag),
  db_path: v.optional(word),
  username: v.optional(word),
  password: v.optional(word),
  jwt_secret_key: v.optional(word),
});

/** pro-api's `api.yaml`. */
export const proSchema = v.strictObject({
  providers: v.array(provider),
  tokens: v.array(token),
  server: v.optional(server),
});

export type ProConfig = v.InferOutput<typeof proSchema>;
export type ProProvider = ProConfig["providers"][number];
