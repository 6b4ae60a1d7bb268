import type { UpstreamEntry } from "../api-yaml/draft.ts";
import type { Engine, UniProvider } from "./schema.ts";

/** What a channel is in our words: its provider, where that is, and what else it needs to know. */
export type Service = Pick<UpstreamEntry, "provider" | "baseURL" | "options">;

/** The engine of a channel: as it says itself, else by its host. */
export function engineOf({ engine, base_url: url = "", project_id, cf_account_id }: UniProvider): Engine {
  if (engine !== undefined) return engine;
  const { hostname, pathname } = URL.canParse(url) ? new URL(url) : { hostname: "", pathname: "" };
  if (hostname === "generativelanguage.googleapis.com" || pathname.endsWith("/v1beta")) return "gemini";
  if (hostname.endsWith("aiplatform.googleapis.com") || project_id !== undefined) return "vertex";
  if (hostname === "api.cloudflare.com" || cf_account_id !== undefined) return "cloudflare";
  if (hostname === "api.anthropic.com" || pathname.endsWith("v1/messages")) return "claude";
  if (hostname === "openrouter.ai") return "openrouter";
  if (hostname === "api.cohere.com") return "cohere";
  if (hostname.endsWith(".openai.azure.com")) return "azure";
  if (hostname.startsWith("bedrock-runtime.")) return "aws";
  return "gpt";
}

/** Makes the service of a channel, by its engine. */
export function serviceOf(channel: UniProvider): Service {
  const { base_url: url } = channel;
  switch (engineOf(channel)) {
    case "claude":
      return { provider: "anthropic", ...(url && { baseURL: beforeVersion(url) }) };
    case "gemini":
      return { provider: "gemini", ...(url && { baseURL: beforeVersion(url) }) };
    case "cohere":
      return { provider: "cohere", ...(url && { baseURL: beforeVersion(url) }) };
    case "openrouter":
      return { provider: "openrouter", ...(url && { baseURL: versioned(url) }) };
    case "vertex":
    case "vertex-gemini":
    case "vertex-claude":
      return vertex(channel);
    case "cloudflare":
      return cloudflare(channel);
    case "aws":
      return bedrock(channel);
    case "azure":
      return { provider: "azure", ...(url && { baseURL: url.replace(/\/openai(\/.*)?$/, "") }) };
    default:
      return openai(url);
  }
}

function openai(url: string | undefined): Service {
  if (url === undefined) return { provider: "openai" };
  const { hostname } = new URL(url);
  if (hostname === "api.deepseek.com") return { provider: "deepseek", baseURL: new URL(url).origin };
  return { provider: "openai", baseURL: versioned(url) };
}

function vertex(channel: UniProvider): Service {
  const { base_url: url, project_id: project, private_key, client_email } = channel;
  const location = /^([\w-]+)-aiplatform\.googleapis\.com$/.exec(url ? new URL(url).hostname : "")?.[1];
  const isGoogles = url === undefined || new URL(url).hostname.endsWith("aiplatform.googleapis.com");
  const credentials = private_key !== undefined &&
    client_email !== undefined && { client_email, private_key };
  return {
    provider: "vertex",
    ...(!isGoogles && { baseURL: beforeVersion(url) }),
    options: {
      ...(project !== undefined && { project }),
      // Each region has a quota of its own.
      location: location ?? "by-model",
      ...(credentials && { credentials }),
    },
  };
}

function cloudflare({ base_url: url, cf_account_id: accountId }: UniProvider): Service {
  const ownHost = url !== undefined && new URL(url).hostname === "api.cloudflare.com";
  return {
    provider: "cloudflare",
    ...(url !== undefined && (!ownHost || accountId === undefined) && { baseURL: url.replace(/\/+$/, "") }),
    ...(accountId !== undefined && { options: { accountId } }),
  };
}

function bedrock(channel: UniProvider): Service {
  const { base_url: url, aws_access_key: accessKeyId, aws_secret_key: secretAccessKey } = channel;
  const keys = accessKeyId !== undefined && secretAccessKey !== undefined;
  return {
    provider: "bedrock",
    ...(url !== undefined && { baseURL: new URL(url).origin }),
    ...(keys && { options: { accessKeyId, secretAccessKey } }),
  };
}

/** What an operation's path stands behind in the addresses that people copy. */
const operation =
  /\/(chat\/completions|completions|messages|embeddings|moderations|models|images\/generations|audio\/(transcriptions|speech))\/?$/;

/** An address up to and with its version: `https://host/v1/chat/completions` → `https://host/v1`. */
export function versioned(url: string): string {
  const base = url.replace(operation, "").replace(/\/+$/, "");
  // A host alone: the version comes behind it.
  return new URL(base).pathname === "/" && !operation.test(url) ? `${base}/v1` : base;
}

/** An address without its version and what comes behind it: `https://host/v1/messages` → `https://host`. */
export function beforeVersion(url: string): string {
  return url
    .replace(operation, "")
    .replace(/\/v\d\w*(\/.*)?$/, "")
    .replace(/\/+$/, "");
}
