import { definePlugin, defineProvider, isFields } from "../../../core/index.ts";
import type {
  AccessTokens,
  Attempted,
  Fields,
  GatewayContext,
  HeaderPairs,
  Provider,
  Target,
  Upstream,
} from "../../../core/index.ts";
import { addressOf, hostOf, isClaude, placesOf } from "./address.ts";
import { locationsOf, options } from "./options.ts";
import type { VertexOptions } from "./options.ts";
import { tokensFor } from "./token.ts";

/** Source: Anthropic documentation, "Claude on Vertex AI". */
const anthropicVersion = "vertex-2023-10-16";

function optionsOf({ upstream }: Target): VertexOptions {
  return upstream.options as VertexOptions;
}

/**
 * Google's Vertex AI: Gemini, Claude and embeddings. A service account, a user's OAuth credentials, or an API key.
 * Source: Gemini Enterprise Agent Platform REST reference, publishers.models.
 */
const service = {
  name: "vertex",
  baseURL: (given) => hostOf(locationsOf(given as VertexOptions)[0] ?? "global"),
  options,
  protocols: {
    chat: ["gemini", "anthropic"],
    "count-tokens": ["gemini", "anthropic"],
    embeddings: "vertex-predict",
  },
  protocolsFor(operation, model) {
    if (operation !== "chat" && operation !== "count-tokens") return undefined;
    return [isClaude(model) ? "anthropic" : "gemini"];
  },
  regions(upstream, model) {
    const places = placesOf(upstream, model);
    return upstream.regions || places.length > 1 ? places : [];
  },
  takes: { imageURLs: false },
  ownCredentials: true,
  url: (attempt) => addressOf(attempt, optionsOf(attempt.target)),
  adapt: (body, attempt) =>
    attempt.protocol?.name === "anthropic" ? forClaude(body, attempt) : forGemini(body, attempt),
  prepare({ headers }, { protocol }) {
    // The body says the version; a header with Anthropic's own is none that Vertex knows.
    if (protocol?.name === "anthropic") removeHeader(headers, "anthropic-version");
  },
} satisfies Omit<Provider, "authenticate">;

export default definePlugin({
  name: "providers/vertex",
  setup: (_options, gateway) => ({
    provider: defineProvider({ ...service, authenticate: authenticator(gateway) }),
  }),
});

function authenticator(gateway: GatewayContext): Provider["authenticate"] {
  const tokens = new WeakMap<Upstream, AccessTokens | undefined>();
  return (headers, { key, upstream }) => {
    if (key !== undefined) {
      // An access token that was made elsewhere can be used as a key.
      if (key.startsWith("ya29.")) bearer(headers, key);
      else headers.push("x-goog-api-key", key);
      return undefined;
    }
    if (!tokens.has(upstream)) tokens.set(upstream, tokensFor(upstream, gateway.state));
    const token = tokens.get(upstream)?.token();
    if (token === undefined) return undefined;
    if (typeof token !== "string") return token.then((value) => bearer(headers, value));
    return bearer(headers, token);
  };
}

function bearer(headers: HeaderPairs, token: string): void {
  headers.push("authorization", `Bearer ${token}`);
}

/** The model stands in the path, save for a count of tokens, whose path has none. */
function forClaude(body: Fields, { operation, target }: Attempted): Fields {
  const { model: _, ...rest } = body;
  const counted = operation === "count-tokens" && { model: target.model };
  return { anthropic_version: anthropicVersion, ...counted, ...rest };
}

/** A count of tokens is asked for of the request's own members here. */
function forGemini(body: Fields, { operation }: Attempted): Fields | undefined {
  const whole = body["generateContentRequest"];
  if (operation !== "count-tokens" || !isFields(whole)) return undefined;
  const { model: _, ...request } = whole;
  return request;
}

function removeHeader(headers: HeaderPairs, name: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]?.toLowerCase() === name) headers.splice(i, 2);
  }
}
