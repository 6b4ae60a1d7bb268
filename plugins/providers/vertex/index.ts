import { definePlugin, defineProvider, isFields } from "../../../core/index.ts";
import type { Attempted, Fields, HeaderPairs, Target } from "../../../core/index.ts";
import { addressOf, hostOf, isClaude } from "./address.ts";
import { locationsOf, options } from "./options.ts";
import type { VertexOptions } from "./options.ts";
import { GoogleTokens } from "./token.ts";

/** Source: Anthropic documentation, "Claude on Vertex AI". */
const anthropicVersion = "vertex-2023-10-16";

/** Tokens by the options of their upstream. */
const tokens = new WeakMap<VertexOptions, GoogleTokens>();

function optionsOf({ upstream }: Target): VertexOptions {
  return upstream.options as VertexOptions;
}

/**
 * Google's Vertex AI: Gemini, Claude and embeddings. A service account, a user's OAuth credentials, or an API key.
 * Source: Gemini Enterprise Agent Platform REST reference, publishers.models.
 */
const provider = defineProvider({
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
  takes: { imageURLs: false },
  ownCredentials: true,
  url: (attempt) => addressOf(attempt, optionsOf(attempt.target)),
  authenticate(headers, target) {
    const { key } = target;
    if (key !== undefined) {
      // An access token that was made elsewhere can be used as a key.
      if (key.startsWith("ya29.")) headers.push("authorization", `Bearer ${key}`);
      else headers.push("x-goog-api-key", key);
      return undefined;
    }
    const token = tokensOf(optionsOf(target))?.token();
    if (token === undefined) return undefined;
    if (typeof token !== "string") return token.then((value) => bearer(headers, value));
    return bearer(headers, token);
  },
  adapt: (body, attempt) =>
    attempt.protocol?.name === "anthropic" ? forClaude(body, attempt) : forGemini(body, attempt),
  prepare({ headers }, { protocol }) {
    // The body says the version; a header with Anthropic's own is none that Vertex knows.
    if (protocol?.name === "anthropic") removeHeader(headers, "anthropic-version");
  },
});

export default definePlugin({ name: "providers/vertex", setup: () => ({ provider }) });

function tokensOf(given: VertexOptions): GoogleTokens | undefined {
  if (!given.credentials) return undefined;
  const known = tokens.get(given);
  if (known) return known;
  const made = new GoogleTokens(given.credentials, given.tokenURL);
  tokens.set(given, made);
  return made;
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
