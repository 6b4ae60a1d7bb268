import process from "node:process";
import { createConsola } from "consola";
import type { Log } from "../context.ts";

/** Levels by name; consola's numbers. */
const levels = { silent: -999, error: 0, warn: 1, info: 3, debug: 4 } as const;

export type LogLevel = keyof typeof levels;

export const logLevels = Object.keys(levels) as LogLevel[];

/** Messages to whoever runs the gateway, on stderr, from this level up. */
export function createCliLog(level: LogLevel): Log {
  const { stderr } = process;
  return createConsola({ level: levels[level], stdout: stderr, stderr }).withTag("sluice");
}
