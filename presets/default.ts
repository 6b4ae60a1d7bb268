import { definePreset } from "../config/preset.ts";

/** The pipeline that a configuration has unless it says otherwise. */
export default definePreset({
  name: "default",
  description: "The usual pipeline: protocols, request log, authentication, limits, routing and retries.",
  load: () => ({
    plugins: [
      "protocols/openai-chat",
      "protocols/anthropic",
      "protocols/gemini",
      "request-log",
      "auth",
      "rate-limit",
      "models",
      "routing",
      "retry",
    ],
  }),
});
