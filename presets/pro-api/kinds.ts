import type { UpstreamEntry } from "../api-yaml/draft.ts";
import type { ProProvider } from "./schema.ts";

type Service = Pick<UpstreamEntry, "provider" | "baseURL" | "options">;

/** pro-api's kinds of providers that are called otherwise here. */
const kinds: Record<string, string> = {
  anthropic: "anthropic",
  claude: "anthropic",
  vertexai_claude: "vertex",
  vertexai_gemini: "vertex",
  vertexai: "vertex",
};

/** Providers whose addresses here end before the version. */
const unversioned = new Set(["anthropic", "gemini", "cohere", "vertex"]);

/** Keys that are read here; all others are options of the provider. */
export const ownKeys: readonly string[] = [
  ..."provider name base_url api_key model balance".split(" "),
  ..."PROJECT_ID CLIENT_ID CLIENT_SECRET REFRESH_TOKEN account_id".split(" "),
];

/** The options of a provider among the keys of its entry. */
export function furtherKeys(given: object): string[] {
  return Object.keys(given).filter((key) => !ownKeys.includes(key));
}

/** Makes the service of a provider: its kind, where that is, and its credentials. A kind that is none of pro-api's is one of ours. */
export function serviceOf(given: ProProvider): Service {
  const provider = kinds[given.provider] ?? given.provider;
  const { base_url: url, account_id: accountId } = given;
  const options = {
    ...(provider === "vertex" && vertexOptions(given)),
    ...(accountId !== undefined && { accountId }),
    ...Object.fromEntries(furtherKeys(given).map((key) => [key, given[key]])),
  };
  return {
    provider,
    ...(url !== undefined && { baseURL: unversioned.has(provider) ? withoutVersion(url) : plain(url) }),
    ...(Object.keys(options).length > 0 && { options }),
  };
}

function vertexOptions(given: ProProvider): Record<string, unknown> {
  const { PROJECT_ID: project, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN } = given;
  const whole = CLIENT_ID !== undefined && CLIENT_SECRET !== undefined && REFRESH_TOKEN !== undefined;
  const credentials = whole && {
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    refresh_token: REFRESH_TOKEN,
  };
  return { ...(project !== undefined && { project }), ...(credentials && { credentials }) };
}

function withoutVersion(url: string): string {
  return plain(url).replace(/\/v\d\w*$/, "");
}

/** Without what an operation's path would repeat. */
function plain(url: string): string {
  return url.replace(/\/+$/, "").replace(/\/(chat\/completions|messages)$/, "");
}
