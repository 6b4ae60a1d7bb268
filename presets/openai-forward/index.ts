import process from "node:process";
import { join } from "node:path";
import { definePreset } from "../../config/preset.ts";
import { ConfigError } from "../../core/index.ts";
import type { Log } from "../../core/index.ts";
import { readEnvironment, variables } from "./env.ts";
import type { Environment } from "./env.ts";
import { toConfig } from "./map.ts";
import { createReader, isBlank } from "./reader.ts";
import type { Reader } from "./reader.ts";
import type { Settings } from "./settings.ts";
import { warningsOf } from "./warnings.ts";
import { fileName, readYAML } from "./yaml.ts";

/**
 * Takes the settings of openai-forward as they are: its environment variables, or its YAML file where
 * there is one, which then stands in place of the variables.
 */
export default definePreset({
  name: "openai-forward",
  description: "Runs on openai-forward's environment variables or its openai-forward-config.yaml.",
  async load({ env, cwd, readFile, log }) {
    const text = await readFile(join(cwd, fileName));
    const { reader, settings } =
      (text === undefined ? undefined : readFileSettings(text, env)) ?? readVariables(env);
    if (reader.problems.length > 0 || !settings) throw new ConfigError(reader.problems);
    for (const warning of [...reader.warnings, ...warningsOf(settings)])
      log.warn(`openai-forward: ${warning}`);
    setTimezone(settings.timezone, log);
    return toConfig(settings);
  },
});

interface Read {
  reader: Reader;
  /** Undefined when they could not be read at all; then there are problems. */
  settings: Settings | undefined;
}

/** Undefined for an empty file, which counts as none. */
function readFileSettings(text: string, env: Environment): Read | undefined {
  const read = readYAML(text);
  if (!read.settings && read.reader.problems.length === 0) return undefined;
  const unread = variables.filter((name) => !isBlank(env[name]));
  if (unread.length > 0) read.reader.warn(`${unread.join(", ")}: not read, as there is an ${fileName}`);
  return read;
}

function readVariables(env: Environment): Read {
  const reader = createReader();
  return { reader, settings: readEnvironment(reader, env) };
}

/** The chat log tells local time. A zone in `.env` or in the file has to be made the process's own. */
function setTimezone(zone: string | undefined, log: Log): void {
  if (zone === undefined || process.env.TZ === zone) return;
  if (isZone(zone)) process.env.TZ = zone;
  else
    log.warn(
      `openai-forward: TZ: ${JSON.stringify(zone)} is no time zone that is known; times are told as before`,
    );
}

function isZone(zone: string): boolean {
  try {
    return Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
