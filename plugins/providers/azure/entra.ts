import { AccessTokens } from "../../../core/index.ts";
import type { State } from "../../../core/index.ts";

/** What a token is asked for with: the client credentials grant of Microsoft Entra ID. */
export interface EntraOptions {
  tenant: string;
  clientId: string;
  clientSecret: string;
  scope: string;
  tokenURL?: string | undefined;
}

/** The access tokens of an upstream. Source: Microsoft identity platform, OAuth 2.0 client credentials flow. */
export function entraTokens(
  { tenant, clientId, clientSecret, scope, tokenURL }: EntraOptions,
  proxy: string | undefined,
  state: State,
): AccessTokens {
  const form = {
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
    scope,
  };
  return new AccessTokens({
    issuer: "Microsoft Entra ID",
    url: tokenURL ?? `https://login.microsoftonline.com/${encodeURIComponent(tenant)}/oauth2/v2.0/token`,
    form: () => form,
    proxy,
    state,
    identity: JSON.stringify([tenant, form]),
  });
}
