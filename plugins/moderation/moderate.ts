import type { Caller, GatewayContext } from "../../core/index.ts";
import { inPieces } from "./texts.ts";
import { readVerdict } from "./verdict.ts";
import type { Thresholds, Verdict } from "./verdict.ts";

export interface ModeratorOptions {
  model: string;
  categories?: Thresholds | undefined;
  /** Ask over the caller's own upstreams. */
  asCaller: boolean;
  /** ms for a whole text. */
  timeout: number;
  /** Verdicts that are remembered. */
  remember: number;
}

/** Asks the moderation model about a text. Rejects when there is no verdict: failed, too slow, or `signal`. */
export type Moderator = (text: string, asking: Asking) => Promise<Verdict>;

/** For whom a verdict is wanted, and until when. */
export interface Asking {
  signal: AbortSignal;
  caller: Caller | undefined;
}

/** Pieces of a text that go into one request. */
const piecesAtOnce = 16;

/** Makes a moderator that asks over the gateway's own upstreams and remembers verdicts by the text's hash. */
export function createModerator(options: ModeratorOptions, gateway: GatewayContext): Moderator {
  const known = new Map<string, Verdict>();
  return async (text, { signal, caller }) => {
    const key = options.remember > 0 ? await hashOf(text) : "";
    const before = known.get(key);
    if (before) return before;
    const verdict = await withTimeout(options.timeout, signal, (limited) =>
      judge(text, options, gateway, { signal: limited, caller }),
    );
    if (options.remember > 0) {
      known.set(key, verdict);
      const [oldest] = known.keys();
      if (known.size > options.remember && oldest !== undefined) known.delete(oldest);
    }
    return verdict;
  };
}

/** All pieces, until one is flagged. */
async function judge(
  text: string,
  { model, categories, asCaller }: ModeratorOptions,
  gateway: GatewayContext,
  { signal, caller }: Asking,
): Promise<Verdict> {
  const pieces = inPieces(text);
  let verdict: Verdict = { flagged: false, categories: [] };
  for (let i = 0; i < pieces.length && !verdict.flagged; i += piecesAtOnce) {
    const some = pieces.slice(i, i + piecesAtOnce);
    // A lone text goes as a string: not every service takes lists.
    const input = some.length === 1 ? some[0] : some;
    const body = { model, input };
    const response = await gateway.dispatch({
      operation: "moderation",
      path: "/v1/moderations",
      body,
      signal,
      ...(asCaller && { caller }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`the moderation model answered ${response.status}`);
    verdict = readVerdict(parse(answer), some.length, categories);
  }
  return verdict;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("the moderation answer is not JSON");
  }
}

async function hashOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return String.fromCharCode(...new Uint8Array(hash));
}

/** Runs the work under a signal that follows `signal` and fires after `timeout` ms; nothing is left behind. */
async function withTimeout<T>(
  timeout: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const follow = (): void => controller.abort(new Error("the call ended"));
  const timer = setTimeout(() => controller.abort(new Error(`no verdict within ${timeout} ms`)), timeout);
  signal.addEventListener("abort", follow, { once: true });
  if (signal.aborted) follow();
  try {
    return await work(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", follow);
  }
}
