import { GatewayError } from "../../../core/index.ts";
import { ofetch } from "ofetch";

/** What a token is asked for with: the client credentials grant of Microsoft Entra ID. */
export interface EntraOptions {
  tenant: string;
  clientId: string;
  clientSecret: string;
  scope: string;
  tokenURL?: string | undefined;
}

interface TokenAnswer {
  access_token?: unknown;
  /** Seconds. */
  expires_in?: unknown;
}

/** How long before its end a token is no longer used, ms. */
const margin = 5 * 60_000;
const timeout = 15_000;

/** The tokens of one upstream: asked for once, and again shortly before their end, whoever needs them. */
export class EntraTokens {
  readonly #options: EntraOptions;
  #token: { value: string; until: number } | undefined;
  #asking: Promise<string> | undefined;

  constructor(options: EntraOptions) {
    this.#options = options;
  }

  /** Rejects with a GatewayError 502 when none is given. */
  token(): string | Promise<string> {
    if (this.#token && this.#token.until > Date.now()) return this.#token.value;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<string> {
    const { tenant, clientId, clientSecret, scope, tokenURL } = this.#options;
    const url =
      tokenURL ?? `https://login.microsoftonline.com/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope,
    });
    const answer = await ofetch<TokenAnswer>(url, { method: "POST", body, timeout, retry: 1 }).catch(
      (error: unknown) => {
        throw noToken(error);
      },
    );
    const { access_token: value, expires_in: seconds } = answer ?? {};
    if (typeof value !== "string" || value === "") throw noToken(undefined);
    const lifetime = typeof seconds === "number" && seconds > 0 ? seconds * 1000 : margin;
    this.#token = { value, until: Date.now() + Math.max(lifetime - margin, lifetime / 2) };
    return value;
  }
}

/** Says nothing of what was sent. */
function noToken(cause: unknown): GatewayError {
  return new GatewayError("Microsoft Entra ID gave no token for this upstream.", {
    status: 502,
    code: "upstream_authentication",
    cause,
    retryable: true,
  });
}
