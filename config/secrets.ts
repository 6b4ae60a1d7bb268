import type { ConfigProblem } from "../core/config-error.ts";
import { maskKeys, maskSecret, maskSecrets } from "../core/mask.ts";

/** Last words of names under which secrets stand: `x-api-key`, `clientSecret`, `private_key`. */
const secretWords = new Set(
  "key keys apikey apikeys secret secrets token password passwd passphrase authorization cookie credential credentials".split(
    " ",
  ),
);

/** Fields of a map under such a name that are no secret themselves, such as the name of a gateway key. */
const plainField =
  /^(?:name|role|models|prefixes|upstreams|expires|allow|deny|limits|prefix|preferences|model)$/;

/** A shorter text is not taken out of other texts: it would hide words such as `demo`. */
const shortestSecret = 8;

/** A variable without a value stays as it is written: no secret, and the message is about its name. */
const unset = /^\$\{\w+\}$/;

/** Whether what stands at a path is a secret: `["keys", 0]`, `["state", "password"]`, `["headers", "x-api-key"]`. */
export function isSecretPath(path: readonly (string | number)[]): boolean {
  const names = path.filter((part) => typeof part === "string");
  const first = names.findIndex(isSecretName);
  return first >= 0 && !names.slice(first + 1).some((name) => plainField.test(name));
}

export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return secretWords.has(words.at(-1) ?? "");
}

/**
 * The secrets met while a configuration is read. All texts of its problems pass through `clean`, so that
 * none of them shows, wherever a mistake has put it.
 */
export class Secrets {
  readonly #known = new Set<string>();

  add(value: string): void {
    for (const line of value.split("\n")) {
      if (line.length < shortestSecret || unset.test(line)) continue;
      this.#known.add(line);
      // As it stands in a quoted text.
      this.#known.add(JSON.stringify(line).slice(1, -1));
    }
  }

  /** Adds the variables that are secrets by their names. */
  addEnv(env: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value] of Object.entries(env)) if (value && isSecretName(name)) this.add(value);
  }

  /** Adds every text that stands under a secret's name. */
  collect(value: unknown, path: readonly (string | number)[] = [], depth = 0): void {
    if (typeof value === "string") {
      if (isSecretPath(path)) this.add(value);
    } else if (typeof value === "object" && value !== null && depth < 100) {
      for (const [name, child] of Object.entries(value)) {
        this.collect(child, [...path, Array.isArray(value) ? Number(name) : name], depth + 1);
      }
    }
  }

  /** A text that may quote anything: known secrets and whatever looks like one are masked. */
  clean(text: string): string {
    return maskSecrets(this.#withoutKnown(text));
  }

  cleanProblem(problem: ConfigProblem): ConfigProblem {
    const { path, found, expected, hint } = problem;
    return {
      ...problem,
      path: path.map((part) => (typeof part === "string" ? this.clean(part) : part)),
      found: shorten(this.clean(found)),
      // These are our own words, in which `key: …` is no secret.
      expected: maskKeys(this.#withoutKnown(expected)),
      ...(hint !== undefined && { hint: maskKeys(this.#withoutKnown(hint)) }),
    };
  }

  #withoutKnown(text: string): string {
    let cleaned = text;
    // The longest first: one secret may begin as another one does.
    for (const secret of [...this.#known].sort((a, b) => b.length - a.length)) {
      cleaned = cleaned.replaceAll(secret, maskSecret(secret));
    }
    return cleaned;
  }
}

/** Shortens quoted texts; only once they are clean, lest half a secret remains. */
function shorten(text: string): string {
  return text.replace(/"((?:[^"\\]|\\.){60})(?:[^"\\]|\\.)+"/g, '"$1…"').slice(0, 1000);
}
