/** The package's public entry: what core offers, and the configuration around it. */
export * from "../core/index.ts";
export { commands } from "../plugins/index.ts";
export { convertConfig } from "./convert.ts";
export { createGateway } from "./gateway.ts";
export type { Gateway, GatewayInput, GatewayOptions } from "./gateway.ts";
export type { Conversion, Derivation, ForeignFile, Format, FormatReader, Remark } from "./foreign.ts";
export { loadConfig } from "./load.ts";
export type { LoadedConfig, LoadOptions } from "./load.ts";
export type { Place } from "./origins.ts";
export { defineConfig, definePreset } from "./preset.ts";
export type { ConfigModule, Preset, PresetContext } from "./preset.ts";
export { configSchema } from "./schema.ts";
export type { Config } from "./schema.ts";
export type { Registry } from "./session.ts";
export { watchConfig } from "./watch.ts";
export type { Watcher, WatchOptions } from "./watch.ts";
