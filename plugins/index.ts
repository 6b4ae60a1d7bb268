import type { CommandDef } from "citty";
import type { Plugin } from "../core/index.ts";
import { usual } from "./usual.ts";
import { vendors } from "./providers/openai-compatible/vendors.ts";

/** The built-in plugins by name: one line each, loaded when a configuration names it. Those of every day are in usual.ts. */
export const builtin: Record<string, () => Promise<{ default: Plugin }>> = {
  ...Object.fromEntries(usual.map((plugin) => [plugin.name, () => Promise.resolve({ default: plugin })])),
  about: () => import("./about/index.ts"),
  "benchmark-echo": () => import("./benchmark-echo/index.ts"),
  "body-overrides": () => import("./body-overrides/index.ts"),
  cache: () => import("./cache/index.ts"),
  "chat-log": () => import("./chat-log/index.ts"),
  "error-triggers": () => import("./error-triggers/index.ts"),
  "generate-key": () => import("./generate-key/index.ts"),
  "health-check": () => import("./health-check/index.ts"),
  "model-map": () => import("./model-map/index.ts"),
  moderation: () => import("./moderation/index.ts"),
  paths: () => import("./paths/index.ts"),
  reload: () => import("./reload/index.ts"),
  continue: () => import("./continue/index.ts"),
  stats: () => import("./stats/index.ts"),
  "providers/anthropic": () => import("./providers/anthropic.ts"),
  "providers/azure": () => import("./providers/azure/index.ts"),
  "providers/bedrock": () => import("./providers/bedrock/index.ts"),
  "providers/cloudflare": () => import("./providers/cloudflare.ts"),
  "providers/cohere": () => import("./providers/cohere.ts"),
  "providers/demo": () => import("./providers/demo.ts"),
  "providers/gemini": () => import("./providers/gemini.ts"),
  "providers/generic": () => import("./providers/generic.ts"),
  "providers/jina": () => import("./providers/jina.ts"),
  "providers/ollama": () => import("./providers/ollama.ts"),
  "providers/openai": () => import("./providers/openai.ts"),
  "providers/openai-compatible": () => import("./providers/openai-compatible/index.ts"),
  "providers/vertex": () => import("./providers/vertex/index.ts"),
  "providers/voyage": () => import("./providers/voyage.ts"),
};

/** Providers that a plugin adds beside its own name, and that plugin: `provider: groq` needs no plugin to be listed. */
export const providers: Record<string, string> = Object.fromEntries(
  vendors.map(({ name }) => [name, "providers/openai-compatible"]),
);

/** Commands that plugins add to the command line. */
export const commands: Record<string, () => Promise<CommandDef>> = {
  convert: () => import("./chat-log/command.node.ts").then((module) => module.default as CommandDef),
};
