import type { Attempt, HeaderPairs, RateLimits } from "../../core/index.ts";
import type { CooldownSettings } from "./options.ts";

/** A rest that an answer calls for. */
export interface Sentence {
  /** The key over all models, or for the one that was asked for. */
  scope: "key" | "target";
  /** `limit` where the service itself says until when it would refuse. */
  kind: "rest" | "limit";
  /** For people. */
  reason: string;
  /** ms. */
  length: number;
  /** The next one is longer. */
  grows?: boolean;
}

/** What is to be judged. */
export interface Case extends Pick<Attempt, "status" | "failure"> {
  /** What the answer's headers say; read only where it is needed. */
  limits(): RateLimits;
  /** ms since the epoch: when the answer came. */
  at: number;
  /** A path that no protocol knows: what it may not do says nothing of the key. */
  opaque: boolean;
}

/**
 * Codes for a quota or a credit that is used up. Source: error pages of OpenAI (`insufficient_quota`,
 * `billing_hard_limit_reached`, `billing_not_active`), DeepSeek, Moonshot and xAI (2026-11).
 */
const usedUp =
  /^(?:insufficient_(?:user_)?(?:quota|balance|credits?|funds)|exceeded_current_quota\w*|billing_\w+|quota_(?:exceeded|used_up)|credit_\w*|arrearage)$/i;
/** Anthropic says it with a 400 that has no code of its own. */
const creditTooLow = /^your credit balance is too low/i;
/** A 403 that speaks of what was asked, not of the key. */
const ofContent = /moderation|flagged|content|safety|policy/i;

/** What an answer says of its key and its target; undefined where it says nothing. */
export function judge(given: Case, settings: CooldownSettings): Sentence | undefined {
  const { status = 0, opaque } = given;
  if (status < 400) return settings.resets ? exhausted(given, settings) : undefined;
  if (!opaque && isUsedUp(given)) return ofKey("its quota is used up", settings.quota);
  if (status === 401 || status === 403)
    return opaque || isAboutContent(given) ? undefined : refusedKey(given, settings);
  if (status === 429) return limited(given, settings);
  if (status === 503 || status === 529) return asked(given, settings);
  return status === 404 ? unknownModel(given, settings) : undefined;
}

function isUsedUp({ status, failure }: Case): boolean {
  if (status === 402) return true;
  return failure !== undefined && (usedUp.test(failure.code ?? "") || creditTooLow.test(failure.message));
}

function isAboutContent({ status, failure }: Case): boolean {
  return (
    status === 403 && failure !== undefined && ofContent.test(`${failure.code ?? ""} ${failure.message}`)
  );
}

function refusedKey({ status }: Case, { unauthorized }: CooldownSettings): Sentence | undefined {
  return ofKey(`its key was refused with ${status}`, unauthorized);
}

function ofKey(reason: string, length: number): Sentence | undefined {
  return length > 0 ? { scope: "key", kind: "rest", reason, length, grows: true } : undefined;
}

function limited(given: Case, settings: CooldownSettings): Sentence | undefined {
  const said = asked(given, settings) ?? exhausted(given, settings);
  // A wait of nothing was said, too.
  if (said || given.limits().retryAt !== undefined) return said;
  const { rateLimit: length } = settings;
  return length > 0 ? { scope: "target", kind: "rest", reason: "it answered 429", length } : undefined;
}

/** The wait that an answer asks for. */
function asked(given: Case, settings: CooldownSettings): Sentence | undefined {
  const { status, failure, at } = given;
  const until = given.limits().retryAt ?? (failure?.retryAfter ?? Number.NaN) * 1000 + at;
  return said(`it answered ${status} and asked to wait`, until - at, settings);
}

/** Nothing is left of what the service allows. */
function exhausted(given: Case, settings: CooldownSettings): Sentence | undefined {
  const { limits, at } = given;
  const { requests, tokens, inputTokens, outputTokens } = limits();
  let until = Number.NaN;
  for (const limit of [requests, tokens, inputTokens, outputTokens]) {
    if (limit?.remaining === 0 && limit.resetAt !== undefined && !(limit.resetAt <= until))
      until = limit.resetAt;
  }
  return said("nothing is left of its rate limit", until - at, settings);
}

function said(reason: string, length: number, { maxRetryAfter }: CooldownSettings): Sentence | undefined {
  if (!(length > 0)) return undefined;
  return { scope: "target", kind: "limit", reason, length: Math.min(length, maxRetryAfter) };
}

function unknownModel(
  { failure, opaque }: Case,
  { notFound: length }: CooldownSettings,
): Sentence | undefined {
  const isModel = /model/i.test(`${failure?.code ?? ""} ${failure?.message ?? ""}`);
  if (opaque || length === 0 || !isModel) return undefined;
  return { scope: "target", kind: "rest", reason: "it does not know the model", length };
}

/** Whether reading the headers of an answer that went well could show anything; it costs nearly nothing. */
export function mayBeExhausted(headers: HeaderPairs): boolean {
  for (let i = 1; i < headers.length; i += 2) {
    if (headers[i] === "0" && headers[i - 1]?.includes("remaining")) return true;
  }
  return false;
}
