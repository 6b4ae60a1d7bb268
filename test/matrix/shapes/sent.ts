import assert from "node:assert/strict";
import type { Client, Seen, Upstream } from "../cell.ts";
import { wrongIn } from "./validate.ts";
import type { ShapeName } from "./generate.ts";

interface Place {
  path: RegExp;
  shape: ShapeName;
  /** Whose requests come here as they are: what their own SDK wrote is not ours to judge. */
  client?: string;
}

const places: readonly Place[] = [
  { path: /\/chat\/completions(\?|$)/, shape: "OpenAIChat", client: "OpenAI Chat" },
  { path: /\/responses(\?|$)/, shape: "OpenAIResponses", client: "OpenAI Responses" },
  { path: /\/v1\/messages(\?|$)/, shape: "Anthropic", client: "Anthropic" },
  { path: /:generateContent|:streamGenerateContent\?alt=sse/, shape: "Gemini", client: "Gemini" },
  { path: /:(streamR|r)awPredict$/, shape: "ClaudeOnVertex", client: "Anthropic" },
  { path: /\/converse(-stream)?$/, shape: "Converse" },
  { path: /\/v2\/chat$/, shape: "CohereChat", client: "Cohere" },
  { path: /\/api\/chat$/, shape: "Ollama", client: "Ollama" },
];

/** Asserts that a translated request has the shape that the upstream's service takes. */
export function assertShape({ url, body }: Seen, client: Client, upstream: Upstream): void {
  const place = places.find(({ path }) => path.test(url)) ?? assert.fail(`no shape for ${url}`);
  if (place.client === client.name) return;
  const shape = upstream.name === "openrouter" ? "OpenRouter" : place.shape;
  assert.equal(wrongIn(shape, body), undefined, "the body is not of the service's shape");
}
