import { importPKCS8, SignJWT } from "jose";
import { FetchError, ofetch } from "ofetch";
import { GatewayError } from "../../../core/index.ts";
import type { Credentials } from "./options.ts";

const googleTokens = "https://oauth2.googleapis.com/token";
const scope = "https://www.googleapis.com/auth/cloud-platform";
/** Source: RFC 7523. */
const jwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** How long before its end a token is asked for anew; half of its life where that is shorter. ms. */
const margin = 5 * 60_000;
/** How long before its end a token is not sent any more, ms. */
const grace = 10_000;
const timeout = 15_000;

interface TokenAnswer {
  access_token?: unknown;
  /** s. */
  expires_in?: unknown;
}

interface Token {
  value: string;
  /** ms since the epoch. */
  renewAt: number;
  endsAt: number;
}

/** The access tokens of one upstream: one request at a time, for all calls that wait, a while before the last one ends. */
export class GoogleTokens {
  readonly #credentials: Credentials;
  readonly #url: string;
  #token: Token | undefined;
  #asking: Promise<string> | undefined;

  constructor(credentials: Credentials, tokenURL: string | undefined) {
    this.#credentials = credentials;
    this.#url = tokenURL ?? credentials.token_uri ?? googleTokens;
  }

  /** Rejects with a GatewayError 502 when none is given; nothing in it tells what was sent. */
  token(): string | Promise<string> {
    const now = Date.now();
    const token = this.#token;
    if (token && now < token.renewAt) return token.value;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    if (!token || now >= token.endsAt - grace) return this.#asking;
    // The old one still holds: nobody waits, and a failure shows once it does not.
    this.#asking.catch(() => {});
    return token.value;
  }

  async #ask(): Promise<string> {
    const body = new URLSearchParams(await this.#grant());
    const answer = await ofetch<TokenAnswer | undefined>(this.#url, {
      method: "POST",
      body,
      timeout,
      retry: 1,
    }).catch((error: unknown) => {
      throw noToken(reasonOf(error));
    });
    const { access_token: value, expires_in: seconds } = answer ?? {};
    if (typeof value !== "string" || value === "") throw noToken("no token in the answer");
    const life = typeof seconds === "number" && seconds > 0 ? seconds * 1000 : margin;
    const now = Date.now();
    this.#token = { value, renewAt: now + Math.max(life - margin, life / 2), endsAt: now + life };
    return value;
  }

  async #grant(): Promise<Record<string, string>> {
    const given = this.#credentials;
    if ("refresh_token" in given) {
      const { client_id, client_secret, refresh_token } = given;
      return { grant_type: "refresh_token", client_id, client_secret, refresh_token };
    }
    const { client_email: issuer, private_key, private_key_id: kid } = given;
    const key = await importPKCS8(private_key, "RS256").catch(() => {
      throw noToken("private_key is no PKCS #8 key");
    });
    const assertion = await new SignJWT({ scope })
      .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(kid !== undefined && { kid }) })
      .setIssuer(issuer)
      .setAudience(given.token_uri ?? googleTokens)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(key);
    return { grant_type: jwtGrant, assertion };
  }
}

/** Status and OAuth's word for what is wrong (`invalid_grant`); never the request, which holds secrets. */
function reasonOf(error: unknown): string {
  if (!(error instanceof FetchError) || error.status === undefined) return "it cannot be reached";
  const data: unknown = error.data;
  const word = typeof data === "object" && data !== null && "error" in data ? data.error : undefined;
  const known = typeof word === "string" && /^[\w.-]{1,60}$/.test(word) ? ` (${word})` : "";
  return `status ${error.status}${known}`;
}

function noToken(reason: string): GatewayError {
  return new GatewayError("Google gave no access token for this upstream.", {
    status: 502,
    code: "upstream_authentication",
    cause: new Error(reason),
    retryable: true,
  });
}
