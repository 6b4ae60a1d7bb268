import * as v from "valibot";
import { ConfigError } from "../config-error.ts";
import { duration } from "../duration.ts";
import { issuesToProblems } from "../issues.ts";
import type { ConfigProblem } from "../config-error.ts";
import type { Arrival, Arrivals } from "./arrivals.ts";

const tokens = v.optional(v.pipe(v.number(), v.minValue(0)));

/** One line of a trace. */
const traced = v.strictObject({
  /** ms from the start, a duration, or a date and time. */
  at: v.union([duration, v.pipe(v.string(), v.isoTimestamp())]),
  model: v.string(),
  key: v.optional(v.string()),
  ip: v.optional(v.string(), ""),
  inputTokens: tokens,
  outputTokens: tokens,
  stream: v.optional(v.boolean(), false),
  conversation: v.optional(v.union([v.string(), v.number()])),
});

/** What is read of a line of the request log; lines without a model are no calls that could be made again. */
const logged = v.object({
  time: v.pipe(v.string(), v.isoTimestamp()),
  model: v.optional(v.string()),
  key: v.optional(v.string()),
  ip: v.optional(v.string(), ""),
  duration_ms: v.optional(v.number(), 0),
  first_byte_ms: v.optional(v.number()),
  input_tokens: tokens,
  output_tokens: tokens,
});

/** A stream's last byte comes so much later than its first, ms. */
const streamedFrom = 20;
const mostProblems = 20;
/** Callers without a key, in the request log. */
const nobody = "anonymous";

/** What lines that say nothing of tokens count as having. */
export interface TraceDefaults {
  inputTokens: () => number;
  outputTokens: () => number;
}

/**
 * Reads a trace: JSON lines `{ at, model, key?, ip?, inputTokens?, outputTokens?, stream?, conversation? }`, or lines
 * of the request log. Their order does not matter. Rejects with a ConfigError that tells the first mistakes.
 * @param name of the file, for messages
 */
export async function readTrace(
  lines: AsyncIterable<string>,
  name: string,
  defaults: TraceDefaults,
): Promise<Arrivals & { skipped: number }> {
  const columns = new Columns();
  const problems: ConfigProblem[] = [];
  let line = 0;
  let skipped = 0;
  for await (const text of lines) {
    line++;
    if (text.trim() === "") continue;
    const read = readLine(text);
    if (Array.isArray(read)) problems.push(...read.map((problem) => ({ ...problem, file: name, line })));
    else if (read) columns.add({ ...read, ...withTokens(read, defaults) });
    else skipped++;
    if (problems.length >= mostProblems) break;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.assign(columns.arrivals(), { skipped });
}

type Read = Omit<Arrival, "inputTokens" | "outputTokens"> & {
  inputTokens: number | undefined;
  outputTokens: number | undefined;
};

function withTokens({ inputTokens, outputTokens }: Read, defaults: TraceDefaults) {
  return {
    inputTokens: Math.round(inputTokens ?? defaults.inputTokens()),
    outputTokens: Math.round(outputTokens ?? defaults.outputTokens()),
  };
}

/** A call, mistakes, or undefined for a line of the log that is no call for a model. */
function readLine(text: string): Read | ConfigProblem[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [{ path: [], found: "a line that is not JSON", expected: "one JSON object a line" }];
  }
  const isLog = typeof json === "object" && json !== null && "time" in json && !("at" in json);
  return isLog ? readLogged(json) : readTraced(json);
}

function readTraced(json: unknown): Read | ConfigProblem[] {
  const { success, output, issues } = v.safeParse(traced, json);
  if (!success) return issuesToProblems(issues, []);
  const { at, conversation, key, inputTokens, outputTokens, ...rest } = output;
  return {
    ...rest,
    at: typeof at === "number" ? at : Date.parse(at),
    key,
    inputTokens,
    outputTokens,
    conversation: conversation === undefined ? undefined : String(conversation),
  };
}

function readLogged(json: unknown): Read | ConfigProblem[] | undefined {
  const { success, output, issues } = v.safeParse(logged, json);
  if (!success) return issuesToProblems(issues, []);
  const { time, model, key, ip, first_byte_ms: firstByte, duration_ms: whole } = output;
  if (model === undefined) return undefined;
  return {
    at: Date.parse(time),
    model,
    key: key === nobody ? undefined : key,
    ip,
    inputTokens: output.input_tokens,
    outputTokens: output.output_tokens,
    stream: firstByte !== undefined && whole - firstByte > streamedFrom,
    conversation: undefined,
  };
}

/** From here on a time is a date, not one from the start: the year 2001. */
const earliestDate = 1e12;

/** Many calls in little memory: numbers in columns, and each text once. */
class Columns {
  readonly #at: number[] = [];
  readonly #texts: number[][] = [[], [], [], []];
  readonly #tokens: number[][] = [[], []];
  readonly #stream: number[] = [];
  readonly #names: (string | undefined)[] = [undefined];
  readonly #places = new Map<string, number>();

  add({ at, model, key, ip, conversation, inputTokens, outputTokens, stream }: Arrival): void {
    this.#at.push(at);
    for (const [i, text] of [model, key, ip, conversation].entries()) this.#texts[i]?.push(this.#place(text));
    this.#tokens[0]?.push(inputTokens);
    this.#tokens[1]?.push(outputTokens);
    this.#stream.push(stream ? 1 : 0);
  }

  arrivals(): Arrivals {
    const at = this.#at;
    const order = Uint32Array.from(at, (_at, index) => index).sort(
      (a, b) => (at[a] ?? 0) - (at[b] ?? 0) || a - b,
    );
    const first = at[order[0] ?? 0] ?? 0;
    const dated = first >= earliestDate;
    const from = dated ? first : 0;
    const last = at[order.at(-1) ?? 0] ?? 0;
    let next = 0;
    return {
      duration: last - from,
      epoch: dated ? first : undefined,
      models: this.#distinct(0),
      keys: this.#distinct(1),
      next: () => (next < order.length ? this.#arrival(order[next++] ?? 0, from) : undefined),
    };
  }

  #arrival(index: number, from: number): Arrival {
    const [model = "", key, ip = "", conversation] = this.#texts.map(
      (column) => this.#names[column[index] ?? 0],
    );
    return {
      at: (this.#at[index] ?? 0) - from,
      model,
      key,
      ip,
      conversation,
      inputTokens: this.#tokens[0]?.[index] ?? 0,
      outputTokens: this.#tokens[1]?.[index] ?? 0,
      stream: this.#stream[index] === 1,
    };
  }

  #place(text: string | undefined): number {
    if (text === undefined) return 0;
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#names.push(text) - 1;
    this.#places.set(text, place);
    return place;
  }

  #distinct(column: number): string[] {
    return [...new Set(this.#texts[column])].flatMap((place) => this.#names[place] ?? []);
  }
}
