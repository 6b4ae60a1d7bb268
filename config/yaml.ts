import { Composer, isMap, isSeq, LineCounter, Parser } from "yaml";
import type { CST, Document, ErrorCode, Node, Pair } from "yaml";
import { hideBraces } from "./braces.ts";
import type { ConfigDocument, Path, Position, Reading } from "./document.ts";
import { YAMLReader } from "./yaml-reader.ts";

/** Deeper than any configuration, and far from what would exhaust the stack. */
const deepest = 100;
/** After so many syntax errors, the rest are echoes. */
const mostErrors = 20;

export interface YAMLSource {
  text: string;
  name: string;
  base: string;
  /** JSON, with comments and trailing commas allowed. */
  json: boolean;
  /** A dollar is a dollar: no variables are put in. */
  plain?: boolean;
}

/**
 * Reads a YAML or JSON text. Mistakes (syntax, keys named twice, aliases, missing variables) go to
 * `reading.problems`; what can be read in spite of them is in the document.
 */
export function readYAML(source: YAMLSource, reading: Reading): ConfigDocument {
  const { name, base, json, plain = false } = source;
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const fail = (offset: number, found: string, expected: string): void => {
    reading.problems.push({ path: [], found, expected, file: name, ...position(offset) });
  };
  const unread: ConfigDocument = {
    name,
    base,
    value: undefined,
    broken: true,
    positionOf: () => undefined,
    otherReading: () => undefined,
  };

  const uncommented = json ? blankComments(source.text) : source.text;
  const text = plain ? uncommented : hideBraces(uncommented);
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const tooDeep = tokenBelow(tokens, deepest);
  if (tooDeep) {
    fail(tooDeep.offset, "lists or maps nested too deep", `at most ${deepest} levels`);
    return unread;
  }
  const composer = new Composer({
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    schema: "core",
  });
  const [document, second] = [...composer.compose(tokens, true, text.length)];
  if (!document) return unread;
  if (second) fail(second.range[0], "a second document", "one document a file");
  for (const error of document.errors.slice(0, mostErrors)) {
    const [found, expected] = syntaxWords(error.code, json);
    fail(error.pos[0], found, expected);
  }
  for (const warning of document.warnings.slice(0, mostErrors)) {
    fail(warning.pos[0], "a tag that means nothing here", "plain YAML");
  }

  const reader = new YAMLReader(
    reading,
    (offset, problem) => {
      reading.problems.push({ ...problem, file: name, ...position(offset) });
    },
    plain,
  );
  const value = reader.read(document.contents, json);
  reading.secrets.collect(value);
  // What a broken text seems to say would only lead to complaints that its author cannot understand.
  const broken = document.errors.length > 0 || second !== undefined || reader.tooLarge;
  return {
    name,
    base,
    value: broken ? undefined : value,
    broken,
    positionOf: (path, part) => positionOf(document, reader, path, part, position),
    otherReading: (path) => {
      const { node, whole } = nodeAt(document, reader, path);
      return node && whole ? reader.otherReadings.get(node) : undefined;
    },
  };
}

function positionOf(
  document: Document.Parsed,
  reader: YAMLReader,
  path: Path,
  part: "key" | "value" | undefined,
  position: (offset: number) => Position,
): Position | undefined {
  const { node, key, whole } = nodeAt(document, reader, path);
  const shown = part === "key" && whole && key ? key : node;
  return shown?.range ? position(shown.range[0]) : undefined;
}

/** Walks down a path as far as there is something. */
function nodeAt(document: Document.Parsed, reader: YAMLReader, path: Path) {
  let node: Node | null = document.contents;
  let key: Node | undefined;
  for (const part of path) {
    const inside = reader.target(node);
    let next: Node | undefined;
    key = undefined;
    if (isMap(inside)) {
      const pair: Pair | undefined = reader.pairOf(inside, String(part));
      key = pair?.key as Node | undefined;
      next = (pair?.value ?? pair?.key) as Node | undefined;
    } else if (isSeq(inside)) next = inside.items[Number(part)] as Node | undefined;
    if (!next) return { node, key: undefined, whole: false };
    node = next;
  }
  return { node, key, whole: true };
}

/** The first token nested deeper than `limit`. Level by level: recursion is what must not happen here. */
function tokenBelow(tokens: readonly CST.Token[], limit: number): CST.Token | undefined {
  let level: CST.Token[] = [...tokens];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return level[0];
    level = level.flatMap((token) => {
      if (token.type === "document") return token.value ?? [];
      if (!("items" in token)) return [];
      return token.items.flatMap((item) => [item.key ?? [], item.value ?? []].flat());
    });
  }
  return undefined;
}

/** Comments of JSON with comments, as blanks, so that all else keeps its place. */
function blankComments(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (token) =>
    token.startsWith('"') ? token : token.replace(/[^\n]/g, " "),
  );
}

/** What is found and what should be. Not the parser's message: that may quote the text, and so a secret. */
function syntaxWords(code: ErrorCode, json: boolean): [found: string, expected: string] {
  const language = json ? "JSON" : "YAML";
  if (code === "BAD_INDENT")
    return [
      "a line that is indented too little or too much",
      `${language} whose brackets and blocks end where they began`,
    ];
  if (code === "TAB_AS_INDENT") return ["a tab as indentation", "spaces"];
  if (code === "MISSING_CHAR")
    return ["the end of something that is not complete", "a closing quote, a bracket, a comma or a colon"];
  if (code === "BAD_DQ_ESCAPE")
    return ["an escape that means nothing", 'a known escape; in "double quotes" a backslash is written \\\\'];
  if (code === "BAD_SCALAR_START")
    return ["a character that plain text cannot begin with", "quotes around the text"];
  if (code === "BLOCK_AS_IMPLICIT_KEY" || code === "MULTILINE_IMPLICIT_KEY") {
    return [
      "a key that is not on one line, or a colon too much",
      "one key: value a line, and quotes around a value with a colon",
    ];
  }
  if (code === "UNEXPECTED_TOKEN") return ["something that does not belong here", `${language}`];
  return [`text that is not ${language}`, language];
}
