import { controlFetch } from "./control-fetch.ts";
import { GatewayError } from "./errors.ts";
import { isFields } from "./fields.ts";
import { openExpiring } from "./state/expiring.ts";
import type { ExpiringStore } from "./state/expiring.ts";
import type { State } from "./state/types.ts";

export interface AccessTokenOptions {
  /** Who gives the tokens, as a message names it: `Google`. */
  issuer: string;
  /** Its token endpoint. Source: RFC 6749 section 3.2. */
  url: string;
  /** The parameters of a request, made anew for each. What it throws is told in the log: no secrets in it. */
  form: () => Record<string, string> | Promise<Record<string, string>>;
  /** `http(s)://` proxy through which the upstream is reached. */
  proxy?: string | undefined;
  /** Where other processes look for the token, and leave theirs; unused where that is a directory. */
  state?: State | undefined;
  /** All that a token follows from, credentials and scope; the state is told a hash of it. */
  identity: string;
}

/** ms since the epoch. */
interface Token {
  value: string;
  /** From when on a next one is asked for. */
  renewAt: number;
  /** From when on it is not sent any more: somewhat before its end. */
  until: number;
}

/** How long before its end a token is asked for anew; half of its life where that is shorter. ms. */
const margin = 5 * 60_000;
/** How long before its end a token is not sent any more; a quarter of its life where that is shorter. ms. */
const grace = 10_000;
/** ms after a failure until a token is asked for again, while there is one that holds. */
const pause = 10_000;
const timeout = 15_000;
/** ms; what a token without an `expires_in` lives. */
const unknownLife = margin;

/**
 * The OAuth access tokens of one upstream. One request goes at a time, for all calls that wait; it goes a while before
 * the token ends, and calls go on with the old one. Processes that share their state share the token: whoever has asked
 * leaves it there. Two that ask at once have two, and both are good.
 */
export class AccessTokens {
  readonly #options: AccessTokenOptions;
  readonly #shelf: ExpiringStore<Token> | undefined;
  #name: Promise<string> | undefined;
  #token: Token | undefined;
  #asking: Promise<string> | undefined;
  #notBefore = 0;

  constructor(options: AccessTokenOptions) {
    this.#options = options;
    this.#shelf = shelfIn(options.state);
  }

  /**
   * A token that holds, at once where there is one. Rejects with a GatewayError 502 `upstream_authentication` when none
   * is given: it tells status and OAuth's word for what is wrong, never what was sent.
   */
  token(): string | Promise<string> {
    const now = Date.now();
    const token = this.#token;
    if (token && now < token.renewAt) return token.value;
    const holds = token && now < token.until;
    if (holds && now < this.#notBefore) return token.value;
    this.#asking ??= this.#renew().finally(() => (this.#asking = undefined));
    if (!holds) return this.#asking;
    // Nobody waits, and a failure shows once the old one does not hold.
    this.#asking.catch(() => (this.#notBefore = Date.now() + pause));
    return token.value;
  }

  async #renew(): Promise<string> {
    const shared = await this.#find();
    this.#token = shared ?? (await this.#ask());
    if (!shared) void this.#leave(this.#token);
    return this.#token.value;
  }

  async #ask(): Promise<Token> {
    const { issuer, url, form, proxy } = this.#options;
    try {
      return readToken(await post(url, await form(), proxy));
    } catch (error) {
      throw new GatewayError(`${issuer} gave no access token for this upstream.`, {
        status: 502,
        code: "upstream_authentication",
        cause: error,
        retryable: true,
      });
    }
  }

  /** Another process's token that need not be renewed yet. Never rejects: a state that is away costs a request. */
  async #find(): Promise<Token | undefined> {
    if (!this.#shelf) return undefined;
    const found = await this.#shelf.get(await this.#place()).catch(() => undefined);
    return isToken(found) && Date.now() < found.renewAt ? found : undefined;
  }

  async #leave(token: Token): Promise<void> {
    await this.#shelf?.set(await this.#place(), token, token.until - Date.now()).catch(() => {});
  }

  #place(): Promise<string> {
    const { issuer, url, identity } = this.#options;
    this.#name ??= hash(JSON.stringify([issuer, url, identity]));
    return this.#name;
  }
}

/** A token is a secret: it does not go into files. */
function shelfIn(state: State | undefined): ExpiringStore<Token> | undefined {
  if (!state || state.driver === "fs") return undefined;
  return openExpiring<Token>(state, { base: "access-token:", ttl: 60 * 60_000, maxEntries: 1000 });
}

function isToken(value: unknown): value is Token {
  if (!isFields(value)) return false;
  const { value: text, renewAt, until } = value;
  return typeof text === "string" && typeof renewAt === "number" && typeof until === "number";
}

/** The answer to a token request. Rejects with an Error that says what is wrong in the words of OAuth. */
async function post(url: string, form: Record<string, string>, proxy: string | undefined): Promise<unknown> {
  // Loaded on use: a start does without it.
  const { createFetch, FetchError } = await import("ofetch");
  const ask = createFetch({ fetch: controlFetch(proxy, timeout) });
  return ask<unknown>(url, { method: "POST", body: new URLSearchParams(form), retry: 1 }).catch(
    (error: unknown) => {
      // Not the error itself, which holds the request.
      throw new Error(error instanceof FetchError ? reasonOf(error) : "it cannot be reached");
    },
  );
}

function reasonOf({ status, data }: { status?: number | undefined; data?: unknown }): string {
  if (status === undefined) return "it cannot be reached";
  const word = isFields(data) ? data["error"] : undefined;
  // Source: RFC 6749 section 5.2, `invalid_grant` and the like.
  const known = typeof word === "string" && /^[\w.-]{1,60}$/.test(word) ? ` (${word})` : "";
  return `status ${status}${known}`;
}

/** Source: RFC 6749 section 5.1. */
function readToken(answer: unknown): Token {
  const { access_token: value, expires_in: seconds } = isFields(answer) ? answer : {};
  if (typeof value !== "string" || value === "") throw new Error("no token in the answer");
  // Some write the number as text.
  const life = Number(seconds) > 0 ? Number(seconds) * 1000 : unknownLife;
  const now = Date.now();
  return {
    value,
    renewAt: now + Math.max(life - margin, life / 2),
    until: now + life - Math.min(grace, life / 4),
  };
}

async function hash(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
