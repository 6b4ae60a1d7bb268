import { parseEnv } from "node:util";
import { readText } from "./text.ts";

/** Names and values, as a process has them. */
export type Env = Readonly<Record<string, string | undefined>>;

/** A text after its variables were put in. */
export interface Substituted {
  text: string;
  /** Variables that were put in. */
  used: string[];
  /** Variables that are not set and have no default. */
  missing: string[];
  /** The first `${` that begins no variable, with what follows it. */
  malformed: string | undefined;
}

const variable = /^\$\{([A-Za-z_]\w*)(:-|\})/;

/**
 * Puts variables into a text: `${NAME}`, `${NAME:-default}` (also for an empty variable; the default may hold
 * variables), and `$$` for a dollar. What a variable holds is not read again.
 */
export function substitute(text: string, env: Env): Substituted {
  const result: Substituted = { text: "", used: [], missing: [], malformed: undefined };
  result.text = expand(text, env, result, 0);
  return result;
}

/** Nested defaults end here: deeper ones are malformed. */
const deepest = 20;

function expand(text: string, env: Env, result: Substituted, depth: number): string {
  let out = "";
  let at = 0;
  for (let dollar = text.indexOf("$"); dollar >= 0; dollar = text.indexOf("$", at)) {
    out += text.slice(at, dollar);
    const next = text[dollar + 1];
    at = dollar + 1;
    if (next === "$") at++;
    if (next !== "{") {
      out += "$";
      continue;
    }
    const end = readVariable(text, dollar, env, result, depth);
    if (end === undefined) {
      result.malformed ??= text.slice(dollar, dollar + 30);
      return out + text.slice(dollar);
    }
    out += end.value;
    at = end.at;
  }
  return out + text.slice(at);
}

/** Reads one variable from its dollar on. Yields undefined when it is malformed. */
function readVariable(text: string, from: number, env: Env, result: Substituted, depth: number) {
  const rest = text.slice(from);
  const match = variable.exec(rest);
  const [whole = "", name = "", then] = match ?? [];
  if (!match || depth > deepest) return undefined;
  const value = env[name];
  if (then === "}") {
    if (value === undefined) result.missing.push(name);
    else result.used.push(name);
    return { value: value ?? rest.slice(0, whole.length), at: from + whole.length };
  }
  const close = closingBrace(rest, whole.length);
  if (close < 0) return undefined;
  const at = from + close + 1;
  if (value) {
    result.used.push(name);
    return { value, at };
  }
  return { value: expand(rest.slice(whole.length, close), env, result, depth + 1), at };
}

/** The brace that ends a default, past those of variables in it. */
function closingBrace(text: string, from: number): number {
  let open = 0;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith("${", at)) open++;
    else if (text[at] === "}" && open-- === 0) return at;
  }
  return -1;
}

/** Reads `.env` files that are there; of a name, the first holds. Broken lines are passed over. */
export async function readEnvFiles(paths: readonly string[]): Promise<Record<string, string>> {
  let env: Record<string, string> = {};
  for (const path of paths) {
    const result = await readText(path);
    if (result.failure === undefined) env = { ...(parseEnv(result.text) as Record<string, string>), ...env };
  }
  return env;
}
