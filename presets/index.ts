import type { Format } from "../config/foreign.ts";
import type { Preset } from "../config/preset.ts";
import { proAPI, uniAPI } from "./formats.ts";

/** The built-in presets by name: one line each, loaded when a configuration names it. */
export const builtin: Record<string, () => Promise<{ default: Preset }>> = {
  default: () => import("./default.ts"),
  demo: () => import("./demo.ts"),
  "openai-forward": () => import("./openai-forward/index.ts"),
  "pro-api": () => import("./pro-api/index.ts"),
  "uni-api": () => import("./uni-api/index.ts"),
};

/** Other gateways' configuration files that are known by their keys; the first that fits. */
export const formats: readonly Format[] = [uniAPI, proAPI];
