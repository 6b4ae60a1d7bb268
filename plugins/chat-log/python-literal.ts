/** What a Python literal of plain data becomes in JavaScript. */
export type PythonValue = string | number | boolean | null | PythonValue[] | { [key: string]: PythonValue };

/** Deeper nesting is refused: the parser calls itself. */
const deepest = 200;

const simpleEscapes: Record<string, string> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

const words: Record<string, PythonValue> = { True: true, False: false, None: null };

const space = /[ \t\r\n\f]*/y;
const number = /[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const word = /True|False|None/y;
const quote = /[rRbBuU]{0,2}(?=['"])/y;
const plainText = /[^\\'"\n]+/y;
const hexEscape = /x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}/y;
const octalEscape = /[0-7]{1,3}/y;

/**
 * Parses the text of a Python literal as `repr` writes plain data: strings in either quotes with their
 * escapes, numbers, True, False, None, lists, tuples and dictionaries. Nothing is ever evaluated.
 * Throws a SyntaxError that names the column.
 */
export function parsePythonLiteral(text: string): PythonValue {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): PythonValue {
    if (depth > deepest) throw this.#error(`nested deeper than ${deepest} levels`);
    this.#take(space);
    const next = this.#text[this.#at];
    if (next === "{") return this.#dictionary(depth);
    if (next === "[") return this.#sequence("]", depth);
    if (next === "(") return this.#tuple(depth);
    const named = this.#take(word);
    if (named) return words[named] ?? null;
    const prefix = this.#take(quote);
    if (prefix !== undefined) return this.#string(prefix);
    const digits = this.#take(number);
    if (digits) return Number(digits.replaceAll("_", ""));
    throw this.#error(next === undefined ? "the line ends too early" : `unexpected ${JSON.stringify(next)}`);
  }

  end(): void {
    this.#take(space);
    if (this.#at < this.#text.length) throw this.#error("something follows the value");
  }

  #dictionary(depth: number): PythonValue {
    const entries: [string, PythonValue][] = [];
    this.#items("}", () => {
      const key = this.value(depth + 1);
      if (typeof key === "object" && key !== null) throw this.#error("a key that is no plain value");
      this.#expect(":");
      entries.push([String(key), this.value(depth + 1)]);
    });
    return Object.fromEntries(entries);
  }

  #sequence(close: string, depth: number): PythonValue[] {
    const items: PythonValue[] = [];
    this.#items(close, () => items.push(this.value(depth + 1)));
    return items;
  }

  /** `(1, 2)` is a tuple, `(1)` is 1. */
  #tuple(depth: number): PythonValue {
    let commas = 0;
    const items: PythonValue[] = [];
    this.#items(
      ")",
      () => items.push(this.value(depth + 1)),
      () => commas++,
    );
    return commas === 0 && items.length === 1 ? (items[0] ?? null) : items;
  }

  /** Reads items up to the closing bracket; a comma may stand after the last. */
  #items(close: string, item: () => void, comma?: () => void): void {
    this.#at++;
    for (;;) {
      if (this.#skip(close)) return;
      item();
      if (this.#skip(",")) comma?.();
      else {
        this.#expect(close);
        return;
      }
    }
  }

  #string(prefix: string): string {
    const close = this.#text[this.#at++] ?? "'";
    const raw = /r/i.test(prefix);
    let value = "";
    for (;;) {
      value += this.#take(plainText) ?? "";
      const next = this.#text[this.#at];
      if (next === undefined || next === "\n") throw this.#error("a string without its end");
      this.#at++;
      if (next === close) return value;
      if (next !== "\\") value += next;
      else if (raw) value += `\\${this.#text[this.#at++] ?? ""}`;
      else value += this.#escape();
    }
  }

  /** What follows a backslash. As in Python, an unknown escape stands for itself. */
  #escape(): string {
    const coded = this.#take(hexEscape);
    if (coded) return codePoint(Number.parseInt(coded.slice(1), 16), () => this.#error("no such character"));
    const octal = this.#take(octalEscape);
    if (octal) return String.fromCodePoint(Number.parseInt(octal, 8));
    const next = this.#text[this.#at++] ?? "";
    return simpleEscapes[next] ?? `\\${next}`;
  }

  #skip(mark: string): boolean {
    this.#take(space);
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #expect(mark: string): void {
    if (!this.#skip(mark)) throw this.#error(`expected ${JSON.stringify(mark)}`);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`${what} (column ${this.#at + 1})`);
  }
}

function codePoint(code: number, error: () => Error): string {
  if (code > 0x10_ffff) throw error();
  return String.fromCodePoint(code);
}
