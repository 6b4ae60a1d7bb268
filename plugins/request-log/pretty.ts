import { colors } from "consola/utils";
import type { LogRecord } from "./record.ts";

type Paint = (text: string) => string;

const unpainted: Paint = (text) => text;

// eslint-disable-next-line no-control-regex -- these would steer the terminal
const control = /[\u0000-\u001f\u007f-\u009f]/g;

/** Local time of day, `12:01:03`. */
function clock(time: string): string {
  return new Date(time).toTimeString().slice(0, 8);
}

/** `340ms`, `1.2s`, `3m05s`. */
export function shortDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

function paintOf(record: Partial<LogRecord>): Paint {
  const status = record.status ?? 0;
  if (status >= 500 || record.result === "broken") return colors.red;
  if (status >= 400) return colors.yellow;
  return colors.green;
}

/** A note as `name=value`; one that is no plain value is written as JSON. */
function noteText([name, note]: [string, unknown]): string {
  return `${name}=${typeof note === "string" ? note : JSON.stringify(note)}`;
}

/** `gpt-4o → openai`, as far as it is known. */
function wayOf({ model, upstream }: Partial<LogRecord>): string {
  return [model, upstream && `→ ${upstream}`].filter(Boolean).join(" ");
}

/** `230/45 tok`; `~` before it where the gateway counted. */
function tokensOf(record: Partial<LogRecord>): string | undefined {
  const { input_tokens: input, output_tokens: output } = record;
  if (input === undefined && output === undefined) return undefined;
  return `${record.estimated ? "~" : ""}${input ?? 0}/${output ?? 0} tok`;
}

/**
 * One call for the eyes, in columns:
 * `12:01:03 200 POST /v1/chat/completions gpt-4o → openai 1.2s 230/45 tok key=team-a`.
 * What the record lacks is left out.
 * @param inColour Whether colours are wanted; they come only where the terminal has them, too.
 */
export function prettyLine(record: Partial<LogRecord>, inColour: boolean): string {
  const { status, method, path, duration_ms: duration, key, attempts = 0, result, error, cause } = record;
  const loud = inColour ? paintOf(record) : unpainted;
  const dim = inColour ? colors.dim : unpainted;
  const parts: string[] = [];
  const add = (text: string | undefined, width = 0, paint = unpainted): void => {
    // The only control characters that go out are colours of our own.
    if (text) parts.push(paint(text.replace(control, "").padEnd(width)));
  };
  add(record.time && clock(record.time), 0, dim);
  add(status === undefined ? undefined : String(status), 0, loud);
  add(method, 4);
  add(path, 20);
  add(wayOf(record), 20);
  add(duration === undefined ? undefined : shortDuration(duration).padStart(5));
  add(tokensOf(record));
  add(key && `key=${key}`);
  add(attempts > 1 ? `attempts=${attempts}` : undefined);
  add(record.dropped && `dropped=${record.dropped.join(",")}`);
  for (const note of Object.entries(record.notes ?? {})) add(noteText(note));
  add(result === "complete" ? undefined : result, 0, loud);
  add(error, 0, loud);
  add(cause, 0, dim);
  return parts.join(" ");
}
