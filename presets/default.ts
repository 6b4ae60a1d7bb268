import { definePreset } from "../config/preset.ts";

/** The pipeline that a configuration has unless it says otherwise. */
export default definePreset({
  name: "default",
  description: "The usual pipeline: protocols, request log, authentication, limits, routing and retries.",
  load: () => ({
    plugins: [
      "protocols/openai-chat",
      "protocols/openai-completions",
      "protocols/openai-responses",
      "protocols/anthropic",
      "protocols/gemini",
      "protocols/vertex-predict",
      "protocols/bedrock-converse",
      "protocols/bedrock-invoke",
      "protocols/cohere",
      "protocols/ollama",
      "protocols/rerank",
      "protocols/jina",
      "protocols/voyage",
      "request-log",
      "auth",
      "rate-limit",
      "models",
      "strategies",
      "breaker",
      "cooldown",
      "capacity",
      "targets",
      "routing",
      "retry",
    ],
  }),
});
