import type { Preset } from "../config/preset.ts";

/** The built-in presets by name: one line each, loaded when a configuration names it. */
export const builtin: Record<string, () => Promise<{ default: Preset }>> = {
  default: () => import("./default.ts"),
  demo: () => import("./demo.ts"),
  "openai-forward": () => import("./openai-forward/index.ts"),
};
