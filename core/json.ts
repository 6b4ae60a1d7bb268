import { jsonDepthLimit } from "./defaults.ts";
import { GatewayError } from "./errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function invalid(message: string, cause?: unknown): GatewayError {
  return new GatewayError(message, { status: 400, code: "invalid_json", cause });
}

/** Parses a request body. Throws a 400 GatewayError when it is not UTF-8, not JSON or nested too deep. */
export function parseBody(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (error) {
    throw invalid("The request body is not valid UTF-8.", error);
  }
  // A body shorter than twice the limit cannot be nested deeper than it.
  if (text.length > jsonDepthLimit * 2 && depthOf(text) > jsonDepthLimit) {
    throw invalid(`The request body is nested deeper than ${jsonDepthLimit} levels.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(text.trim() ? "The request body is not valid JSON." : "The request body is empty.", error);
  }
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 92 /* \ */) i++;
      else if (code === 34 /* " */) inString = false;
    } else if (code === 34) inString = true;
    else if (code === 123 /* { */ || code === 91 /* [ */) deepest = Math.max(deepest, ++depth);
    else if (code === 125 /* } */ || code === 93 /* ] */) depth--;
  }
  return deepest;
}

/**
 * The field of a name at the top of JSON text, and the fields behind it, as one object: a look from the end costs a
 * quarter of parsing it all, where the field stands near the end. Undefined where the last of that name stands
 * elsewhere, or there is none.
 */
export function fieldsFrom(text: string, name: string): unknown {
  // In a string its quotes would be escaped.
  const at = text.lastIndexOf(`"${name}"`);
  if (at < 0) return undefined;
  try {
    // Deeper down, more braces are closed behind it than this one opens; a value is followed by no colon.
    return JSON.parse(`{${text.slice(at)}`);
  } catch {
    return undefined;
  }
}

/**
 * Replaces the string values of one top-level key in JSON text and leaves every other byte as it is:
 * parsing and writing again would change numbers, key order and duplicate keys, and with them the
 * upstream's prompt cache.
 * @param text Valid JSON whose top is an object.
 */
export function replaceTopLevelString(text: string, key: string, value: string): string {
  let result = "";
  let copied = 0;
  let depth = 0;
  let i = 0;
  while (i < text.length) {
    const char = text[i];
    if (char === '"') {
      const end = stringEnd(text, i);
      const found = depth === 1 && JSON.parse(text.slice(i, end)) === key ? valueAfter(text, end) : undefined;
      if (found) {
        result += text.slice(copied, found.start) + JSON.stringify(value);
        copied = found.end;
        i = found.end;
      } else {
        i = end;
      }
      continue;
    }
    if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    i++;
  }
  return result + text.slice(copied);
}

function stringEnd(text: string, start: number): number {
  for (let i = start + 1; ; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"' || i >= text.length) return i + 1;
  }
}

/** Where the string after a key stands; undefined when no colon follows (it was a value), or no whole string does. */
function valueAfter(text: string, keyEnd: number): { start: number; end: number } | undefined {
  const between = /\s*:\s*/y;
  between.lastIndex = keyEnd;
  if (!between.test(text) || text[between.lastIndex] !== '"') return undefined;
  const end = stringEnd(text, between.lastIndex);
  return end > text.length ? undefined : { start: between.lastIndex, end };
}
