import { eventLimit, translatedAnswerLimit } from "../defaults.ts";
import { badAnswer } from "../errors.ts";
import { headerValue, removeHeader, setHeader } from "../headers.ts";
import { TranslatedBody } from "./body.ts";
import type { CallState } from "../call-state.ts";
import type { Protocol } from "../protocol.ts";
import type { HeaderPairs, TransportAnswer } from "../transport/types.ts";
import type { Target } from "../upstream.ts";
import type { StreamTranslator } from "./body.ts";

/** How an answer gets the client's name of the model back. */
export interface Renaming {
  /** The upstream's name. */
  model: string;
  /** The client's. */
  askedModel: string;
  /** Renames it in JSON, or in the data of one event. */
  rename: (json: string) => string;
}

/** Undefined where an attempt's answer has the client's name of the model anyway. */
export function renamingOf(call: CallState, { model }: Target): Renaming | undefined {
  const { askedModel, prefix, protocol } = call;
  if (!protocol?.renameAnswer || prefix !== undefined || askedModel === undefined) return undefined;
  if (model === undefined || model === askedModel) return undefined;
  return { model, askedModel, rename: (json) => renamed(protocol, json, askedModel) };
}

/** What is no JSON, the piece that a cut stream ends with say, stays as it is. */
function renamed(protocol: Protocol, json: string, model: string): string {
  try {
    return protocol.renameAnswer?.(json, model) ?? json;
  } catch {
    return json;
  }
}

/** Only what is not packed can be renamed. */
export function askUnpacked(headers: HeaderPairs): void {
  setHeader(headers, "accept-encoding", "identity");
}

/**
 * The answer with the client's name of the model in the place of the upstream's, in the body and where it is all that
 * a header says; each other byte stays as it is.
 */
export function renameAnswer(
  answer: TransportAnswer,
  { model, askedModel, rename }: Renaming,
): TransportAnswer {
  const type = (headerValue(answer.headers, "content-type") ?? "").toLowerCase();
  const headers = answer.headers.map((text, i) => (i % 2 === 1 && text === model ? askedModel : text));
  const makeTranslator = translators.find(([beginning]) => type.startsWith(beginning))?.[1];
  const isPacked = headerValue(answer.headers, "content-encoding") !== undefined;
  if (answer.status >= 400 || isPacked || !makeTranslator) return { ...answer, headers };
  removeHeader(headers, "content-length");
  const translator = makeTranslator(rename);
  return { ...answer, headers, body: new TranslatedBody(answer.body, translator) };
}

/** How answers are renamed, by the beginning of their media type. */
const translators: readonly (readonly [string, (rename: (json: string) => string) => StreamTranslator])[] = [
  [
    "text/event-stream",
    (rename) =>
      new LineRenamer(/(?<=[\r\n])/, (line) =>
        line.startsWith("data:") ? `data:${rename(line.slice(5))}` : line,
      ),
  ],
  ["application/x-ndjson", (rename) => new LineRenamer(/(?<=\n)/, rename)],
  ["application/json", (rename) => new ObjectRenamer(rename)],
];

/** Renames line by line. */
class LineRenamer implements StreamTranslator {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #ends: RegExp;
  readonly #rename: (line: string) => string;
  #rest = "";

  /** @param ends Where a line ends: behind its line end, which it keeps. */
  constructor(ends: RegExp, rename: (line: string) => string) {
    this.#ends = ends;
    this.#rename = rename;
  }

  push(bytes: Uint8Array): string {
    const text = this.#decoder.decode(bytes, { stream: true });
    const lines = text.split(this.#ends);
    const last = /[\r\n]$/.test(text) ? "" : (lines.pop() ?? "");
    const written = lines.map((line) => this.#renamed(this.#take(line))).join("");
    this.#rest += last;
    if (this.#rest.length > eventLimit) throw tooLong();
    return written;
  }

  end(): { text: string; complete: boolean } {
    return { text: this.#renamed(this.#take(this.#decoder.decode())), complete: true };
  }

  /** The rest of the line that has begun, with what came before. */
  #take(line: string): string {
    const whole = this.#rest + line;
    this.#rest = "";
    return whole;
  }

  #renamed(line: string): string {
    return line.includes("odel") ? this.#rename(line) : line;
  }
}

/**
 * Renames the object that an answer is, or each object of the list that it is (Gemini streams in one): what is whole
 * goes on at once.
 */
class ObjectRenamer implements StreamTranslator {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #rename: (json: string) => string;
  /** What came of an object that is not whole yet. */
  #open: string[] = [];
  #size = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(rename: (json: string) => string) {
    this.#rename = rename;
  }

  push(bytes: Uint8Array): string {
    return this.#write(this.#decoder.decode(bytes, { stream: true }));
  }

  end(): { text: string; complete: boolean } {
    const text = this.#write(this.#decoder.decode());
    return { text: text + this.#open.join(""), complete: true };
  }

  #write(text: string): string {
    let written = "";
    let from = 0;
    for (let i = 0; i < text.length; i++) {
      const before = this.#depth;
      this.#read(text.charCodeAt(i));
      if (before === 0 && this.#depth === 1) {
        written += text.slice(from, i);
        from = i;
      } else if (before === 1 && this.#depth === 0) {
        written += this.#rename(this.#open.join("") + text.slice(from, i + 1));
        this.#open = [];
        this.#size = 0;
        from = i + 1;
      }
    }
    if (this.#depth === 0) return written + text.slice(from);
    this.#open.push(text.slice(from));
    this.#size += text.length - from;
    if (this.#size > translatedAnswerLimit) throw badAnswer("it is too long");
    return written;
  }

  /** Counts braces; those in strings are none. */
  #read(code: number): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (code === backslash) this.#escaped = true;
      else if (code === quote) this.#inString = false;
    } else if (code === quote) this.#inString = true;
    else if (code === openBrace) this.#depth++;
    else if (code === closeBrace && this.#depth > 0) this.#depth--;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function tooLong(): Error {
  return badAnswer(`a line of its stream is longer than ${eventLimit} bytes`);
}
