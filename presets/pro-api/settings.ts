import type { Config } from "../../config/schema.ts";
import type { Draft } from "../api-yaml/draft.ts";
import type { ProConfig } from "./schema.ts";

/** Why keys of `server` are not honoured, where they say anything. */
const later = {
  admin_server: "there are no admin pages and no request log in a database yet",
  save_log_file: "calls are told on standard output; the plugin request-log has a file",
  db_path: "there is no database yet",
  username: "there are no admin pages yet",
  password: "there are no admin pages yet",
  jwt_secret_key: "there are no admin pages yet",
} as const;

/** The last good answer holds for so long. */
const cacheTime = "30d";

/** What is said for the gateway as a whole. Yields the section `server`. */
export function mapSettings({ server = {} }: ProConfig, draft: Draft): Config["server"] {
  draft.plugin("routing", { strategy: "weighted-runs", perCaller: true });
  if (server.default_model !== undefined) {
    const from = ["server", "default_model"];
    draft.plugin("routing", { defaultModel: server.default_model }, from);
    draft.plugin("auth", { unofferedModels: true }, from);
  }
  draft.plugin("models", { ownedBy: "pro-api" });
  draft.plugin("paths", { "/chat/completions": "/v1/chat/completions" });
  draft.plugin("about", { name: "pro-api" });
  draft.plugin("reload");
  if (server.db_cache) {
    // Whoever asks: the body alone makes the difference.
    const options = { shared: true, key: ["method", "path", "query", "body"], ttl: cacheTime };
    draft.plugin("cache", options, ["server", "db_cache"]);
  }
  warnOfTheRest(server, draft);
  return { host: "0.0.0.0", port: 8000 };
}

function warnOfTheRest(server: NonNullable<ProConfig["server"]>, draft: Draft): void {
  if (server.debug) draft.warn(["server", "debug"], "is not honoured; start with --log-level debug");
  for (const [name, reason] of Object.entries(later)) {
    const value = server[name as keyof typeof later];
    if (value === undefined || value === false) continue;
    draft.warn(["server", name], `is not honoured yet; ${reason}`);
  }
}
