import { anthropic } from "./anthropic.ts";
import { azure } from "./azure.ts";
import { bedrock } from "./bedrock.ts";
import { cloudflare } from "./cloudflare.ts";
import { cohere } from "./cohere.ts";
import { gemini } from "./gemini.ts";
import { ollama } from "./ollama.ts";
import { openai } from "./openai.ts";
import { openrouter } from "./openrouter.ts";
import { vertexClaude } from "./vertex-claude.ts";
import { vertexGemini } from "./vertex-gemini.ts";

/** The columns of the matrix. */
export const upstreams = [
  openai,
  azure,
  anthropic,
  gemini,
  vertexGemini,
  vertexClaude,
  bedrock,
  cohere,
  cloudflare,
  ollama,
  openrouter,
] as const;
