import { maskKeys, maskSecrets } from "../../core/index.ts";
import type { Call, Outcome } from "../../core/index.ts";

/** One call as the log tells it, in this order. What is not known is left out. */
export interface LogRecord {
  /** When the call began, ISO 8601. */
  time: string;
  id: string;
  /** What the client saw; 499 when it left. */
  status: number;
  /** `complete`, `client-gone` or `broken` (the upstream broke in the middle). */
  result: Outcome["result"];
  method: string;
  /** Without the query. */
  path: string;
  operation: string;
  model?: string;
  /** Name of the upstream that was asked last. */
  upstream?: string;
  /** Name of the caller's key. */
  key?: string;
  ip?: string;
  attempts?: number;
  /** Fields of the request that the last upstream's protocol could not say. */
  dropped?: readonly string[];
  /** From the start of the call to its end. */
  duration_ms: number;
  /** From the start of the call to the first byte of the answer's body. */
  first_byte_ms?: number;
  /** Of the answer's body. */
  bytes: number;
  input_tokens?: number;
  output_tokens?: number;
  cached_tokens?: number;
  /** True when the gateway counted the tokens because the upstream told none. */
  estimated?: boolean;
  /** Code of the refusal or failure. */
  error?: string;
  /** What lay behind it, secrets masked. */
  cause?: string;
  /** What other plugins noted on the call. */
  notes?: Record<string, unknown>;
}

/** The names that the option `fields` may choose from. */
export const recordFields = [
  "time",
  "id",
  "status",
  "result",
  "method",
  "path",
  "operation",
  "model",
  "upstream",
  "key",
  "ip",
  "attempts",
  "dropped",
  "duration_ms",
  "first_byte_ms",
  "bytes",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "estimated",
  "error",
  "cause",
  "notes",
] as const satisfies readonly (keyof LogRecord)[];

/** Path and model are the client's to choose: they get no more room than this. */
const longestName = 256;
const longestCause = 500;

let second = Number.NaN;
let secondText = "";

/** ISO 8601. Calls share their second: writing it out costs more than all else in a record. */
function isoTime(at: number): string {
  const whole = Math.floor(at / 1000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(whole * 1000).toISOString().slice(0, -4);
  }
  return `${secondText}${String(at - whole * 1000).padStart(3, "0")}Z`;
}

/** ms with three decimals at most. */
function ms(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 1000) / 1000;
}

/** Names that were cleaned: most calls share theirs. */
const cleaned = new Map<string, string>();
const mostCleaned = 1000;

/** A text that the client chose, short and without keys. */
function clean(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const short = text.length > longestName ? `${text.slice(0, longestName)}…` : text;
  const before = cleaned.get(short);
  if (before !== undefined) return before;
  const masked = maskKeys(short);
  if (cleaned.size >= mostCleaned) cleaned.clear();
  cleaned.set(short, masked);
  return masked;
}

/** The messages of an error's chain of causes, from the outside in. */
function causeOf(error: unknown): string | undefined {
  const messages: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && cause !== null && depth < 5; depth++) {
    messages.push(cause instanceof Error ? cause.message || cause.name : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  if (messages.length === 0) return undefined;
  // Cut after masking: a key that is cut in two would not be seen as one.
  return maskSecrets(messages.join(": ").slice(0, longestCause * 4)).slice(0, longestCause);
}

/** The client may make up fields: no more are told than these. */
const mostDropped = 20;

function droppedOf({ attempts }: Call): string[] | undefined {
  const dropped = attempts.at(-1)?.dropped;
  return dropped?.slice(0, mostDropped).map((name) => clean(name) ?? "");
}

function notesOf(call: Call, names: readonly string[]): Record<string, unknown> | undefined {
  let notes: Record<string, unknown> | undefined;
  if (call.notes.size === 0) return undefined;
  for (const name of names) {
    const note = call.notes.get(name);
    if (note !== undefined) (notes ??= {})[name] = note;
  }
  return notes;
}

/**
 * What the log tells of a call. Never a key, a query or a prompt.
 * @param notes Names of the plugins whose notes are told.
 */
export function toRecord(call: Call, outcome: Outcome, notes: readonly string[]): LogRecord {
  const { usage, error } = outcome;
  return {
    time: isoTime(call.startedAt),
    id: call.id,
    status: outcome.status,
    result: outcome.result,
    method: call.method,
    path: clean(call.path) ?? "",
    operation: call.operation,
    model: clean(call.model),
    upstream: call.target?.upstream.name,
    key: call.caller?.name,
    ip: call.ip || undefined,
    attempts: call.attempts.length || undefined,
    dropped: droppedOf(call),
    duration_ms: ms(outcome.duration) ?? 0,
    first_byte_ms: ms(outcome.firstByte),
    bytes: outcome.bytes,
    input_tokens: usage?.inputTokens,
    output_tokens: usage?.outputTokens,
    cached_tokens: usage?.cachedTokens,
    estimated: usage?.estimated,
    error: error?.code,
    cause: error && causeOf(error),
    notes: notesOf(call, notes),
  };
}

/** The record with nothing but the fields asked for. */
export function pickFields(record: LogRecord, fields: readonly (keyof LogRecord)[]): Partial<LogRecord> {
  return Object.fromEntries(fields.map((field) => [field, record[field]]));
}
