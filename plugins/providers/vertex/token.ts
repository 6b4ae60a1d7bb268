import { AccessTokens } from "../../../core/index.ts";
import type { State, Upstream } from "../../../core/index.ts";
import type { Credentials, VertexOptions } from "./options.ts";

const googleTokens = "https://oauth2.googleapis.com/token";
const scope = "https://www.googleapis.com/auth/cloud-platform";
/** Source: RFC 7523. */
const jwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** The access tokens of an upstream; undefined where its options hold no credentials. */
export function tokensFor({ options, proxy }: Upstream, state: State): AccessTokens | undefined {
  const { credentials, tokenURL } = options as VertexOptions;
  if (!credentials) return undefined;
  return new AccessTokens({
    issuer: "Google",
    url: tokenURL ?? credentials.token_uri ?? googleTokens,
    form: () => grantOf(credentials),
    proxy,
    state,
    identity: JSON.stringify([scope, credentials]),
  });
}

/** Throws an Error, which holds no secret, for a key that is none. */
async function grantOf(given: Credentials): Promise<Record<string, string>> {
  if ("refresh_token" in given) {
    const { client_id, client_secret, refresh_token } = given;
    return { grant_type: "refresh_token", client_id, client_secret, refresh_token };
  }
  const { client_email: issuer, private_key, private_key_id: kid } = given;
  // Loaded on use: a start does without it.
  const { importPKCS8, SignJWT } = await import("jose");
  const key = await importPKCS8(private_key, "RS256").catch(() => {
    throw new Error("private_key is no PKCS #8 key");
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
