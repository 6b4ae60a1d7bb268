import auth from "./auth/index.ts";
import breaker from "./breaker/index.ts";
import capacity from "./capacity/index.ts";
import cooldown from "./cooldown/index.ts";
import models from "./models/index.ts";
import anthropic from "./protocols/anthropic/index.ts";
import bedrockConverse from "./protocols/bedrock-converse/index.ts";
import bedrockInvoke from "./protocols/bedrock-invoke.ts";
import cohere from "./protocols/cohere/index.ts";
import gemini from "./protocols/gemini/index.ts";
import jina from "./protocols/jina.ts";
import ollama from "./protocols/ollama/index.ts";
import openaiChat from "./protocols/openai-chat/index.ts";
import openaiCompletions from "./protocols/openai-completions/index.ts";
import openaiResponses from "./protocols/openai-responses/index.ts";
import rerank from "./protocols/rerank.ts";
import vertexPredict from "./protocols/vertex-predict/index.ts";
import voyage from "./protocols/voyage.ts";
import rateLimit from "./rate-limit/index.ts";
import requestLog from "./request-log/index.ts";
import retry from "./retry/index.ts";
import routing from "./routing/index.ts";
import strategies from "./strategies/index.ts";
import targets from "./targets/index.ts";
import type { Plugin } from "../core/index.ts";

/** The plugins of the preset `default`, which nearly every configuration has: one module loads faster than twenty. */
export const usual: readonly Plugin[] = [
  auth,
  breaker,
  capacity,
  cooldown,
  models,
  anthropic,
  bedrockConverse,
  bedrockInvoke,
  cohere,
  gemini,
  jina,
  ollama,
  openaiChat,
  openaiCompletions,
  openaiResponses,
  rerank,
  vertexPredict,
  voyage,
  rateLimit,
  requestLog,
  retry,
  routing,
  strategies,
  targets,
];
