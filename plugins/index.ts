import type { CommandDef } from "citty";
import type { Plugin } from "../core/index.ts";

/** The built-in plugins by name: one line each, loaded when a configuration names it. */
export const builtin: Record<string, () => Promise<{ default: Plugin }>> = {
  auth: () => import("./auth/index.ts"),
  "benchmark-echo": () => import("./benchmark-echo/index.ts"),
  cache: () => import("./cache/index.ts"),
  "chat-log": () => import("./chat-log/index.ts"),
  "model-map": () => import("./model-map/index.ts"),
  models: () => import("./models/index.ts"),
  moderation: () => import("./moderation/index.ts"),
  "rate-limit": () => import("./rate-limit/index.ts"),
  "request-log": () => import("./request-log/index.ts"),
  retry: () => import("./retry/index.ts"),
  routing: () => import("./routing/index.ts"),
  "protocols/anthropic": () => import("./protocols/anthropic.ts"),
  "protocols/gemini": () => import("./protocols/gemini.ts"),
  "protocols/openai-chat": () => import("./protocols/openai-chat.ts"),
  "providers/anthropic": () => import("./providers/anthropic.ts"),
  "providers/demo": () => import("./providers/demo.ts"),
  "providers/gemini": () => import("./providers/gemini.ts"),
  "providers/generic": () => import("./providers/generic.ts"),
  "providers/openai": () => import("./providers/openai.ts"),
};

/** Commands that plugins add to the command line. */
export const commands: Record<string, () => Promise<CommandDef>> = {
  convert: () => import("./chat-log/command.node.ts").then((module) => module.default as CommandDef),
};
