/**
 * What looks like a secret wherever it stands. Vendors' key prefixes are data: a key of another shape is
 * still found by its surroundings (`Bearer …`, `key=…`) or by being one long run of letters and digits.
 */
const knownKey =
  /\b(?:(?:sk|pk|rk|fk|ak|gsk|xai|pplx|hf|r8|nvapi|ghp|glpat|xox[abp])[-_][\w-]{3,}|AIza[\w-]{20,}|ya29\.[\w.-]{10,}|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?)/g;
/** `Bearer abc`, `Basic abc`. */
const credentials = /\b(Bearer|Basic)(\s+)([^\s"',;]+)/gi;
/** `key=abc`, `"api_key": "abc"`, `x-api-key: abc`. */
const named =
  /((?:\b|[-_])(?:key|token|secret|password|passwd|signature|authorization)["']?\s*[=:]\s*["']?)(?!\s*(?:Bearer|Basic)\b)([^\s"'&,;}]*[^\s"'&,;}.])/gi;
/** The user part of a URL: `redis://user:password@host`. */
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;
const longRun = /[A-Za-z0-9+_]{20,}/g;

/** Below this, the last four characters would tell too much of a key. */
const shownFrom = 16;

/** One secret as it may be shown: `sk-…ab12`. */
export function maskSecret(secret: string): string {
  if (secret.includes("…")) return secret;
  const prefix = /^[A-Za-z0-9]{2,5}[-_]/.exec(secret)?.[0] ?? "";
  const tail = secret.length >= shownFrom ? secret.slice(-4) : "";
  return `${prefix}…${tail}`;
}

/** Masks keys of known shapes only: for texts such as paths, where ids look like keys and are wanted. */
export function maskKeys(text: string): string {
  return text.replace(knownKey, maskSecret);
}

/**
 * Masks everything in a text that may be a key, a token or a password: `Incorrect key sk-…ab12`.
 * It would rather hide too much than too little, and is for messages that come from elsewhere.
 */
export function maskSecrets(text: string): string {
  return maskKeys(
    text
      .replace(userInfo, "$1…@")
      .replace(
        credentials,
        (_, scheme: string, space: string, secret: string) => scheme + space + maskSecret(secret),
      )
      .replace(named, (_, name: string, secret: string) => name + maskSecret(secret)),
  ).replace(longRun, (run) => (/\d/.test(run) && /[A-Za-z]/.test(run) ? maskSecret(run) : run));
}
