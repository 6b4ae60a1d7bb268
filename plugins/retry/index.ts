import * as v from "valibot";
import { definePlugin, discard, duration, GatewayError } from "../../core/index.ts";
import { isSpent, parseRetryAfter } from "./verdict.ts";
import type { Call, Target } from "../../core/index.ts";

const options = v.strictObject({
  attempts: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 3),
    v.description("How many attempts a call has in all."),
  ),
  statuses: v.pipe(
    v.optional(
      v.array(v.pipe(v.number(), v.integer())),
      [401, 402, 403, 408, 409, 429, 500, 502, 503, 504, 529],
    ),
    v.description("Answers that are tried again. 401, 402 and 403 only with another key or upstream."),
  ),
  connection: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Try again after a failed or lost connection and after a time-out."),
  ),
  backoff: v.pipe(
    v.optional(v.strictObject({ base: v.optional(duration, 250), max: v.optional(duration, 8000) }), {}),
    v.description(
      "Wait before the same target is tried again: grows from base to max, with jitter. Another target is tried at once.",
    ),
  ),
  maxRetryAfter: v.pipe(
    v.optional(duration, 10_000),
    v.description(
      "The longest Retry-After that is waited for; with a longer one the answer goes to the client.",
    ),
  ),
});

/** Tries the targets of a call one after the other, as long as nothing has gone to the client. */
export default definePlugin({
  name: "retry",
  options,
  setup({ attempts, statuses, connection, backoff, maxRetryAfter }) {
    const retried = new Set(statuses);
    return {
      stage: "retry",
      async middleware(call, next) {
        const targets = new TargetQueue(call);
        for (let attempt = 1; ; attempt++) {
          call.target = targets.take();
          if (!call.target)
            throw new GatewayError("No upstream serves this call.", { status: 404, code: "no_upstream" });
          const last = attempt >= attempts || !call.replayable;
          let response: Response | undefined;
          let failure: GatewayError | undefined;
          try {
            response = await next();
            if (last || !retried.has(response.status)) return response;
          } catch (error) {
            failure = GatewayError.from(error);
            if (last || !connection || !failure.retryable) throw failure;
          }
          if (!call.replayable || call.canceller.cancelled) return settle(response, failure);
          const spent = response !== undefined && isSpent(response.status);
          const wait = targets.advance(spent) ? 0 : waitFor(response, attempt);
          if (wait === undefined || (spent && !targets.moved)) return settle(response, failure);
          if (response) discard(response);
          if (wait > 0 && !(await sleep(wait, call))) throw failure ?? call.canceller.reason;
        }
      },
    };

    /** ms until the same target may be asked again; undefined when that is too long. */
    function waitFor(response: Response | undefined, attempt: number): number | undefined {
      const asked = response && parseRetryAfter(response.headers);
      if (asked !== undefined) return asked <= maxRetryAfter ? asked : undefined;
      const ceiling = Math.min((backoff.base ?? 250) * 2 ** (attempt - 1), backoff.max ?? 8000);
      return ceiling / 2 + Math.random() * (ceiling / 2);
    }
  },
});

function settle(response: Response | undefined, failure: GatewayError | undefined): Response {
  if (response) return response;
  throw (
    failure ?? new GatewayError("No attempt was made.", { status: 502, code: "upstream_connection_lost" })
  );
}

/** The targets of a call: new ones as long as there are any, then those again that may still do. */
class TargetQueue {
  readonly #call: Call;
  #current: Target | undefined;
  /** Whether the last `advance` found another target. */
  moved = false;
  #again: Target[] = [];

  constructor(call: Call) {
    this.#call = call;
    this.#current = this.#pull();
  }

  take(): Target | undefined {
    return this.#current;
  }

  /**
   * Goes to the next target. False when it has been tried before (then a wait is due) or when there is
   * none but the one that just failed.
   * @param spent The current one will refuse again: it is not tried again.
   */
  advance(spent: boolean): boolean {
    if (this.#current && !spent) this.#again.push(this.#current);
    const fresh = this.#pull();
    this.moved = fresh !== undefined || this.#again.length > 0;
    this.#current = fresh ?? this.#again.shift() ?? this.#current;
    return fresh !== undefined;
  }

  #pull(): Target | undefined {
    const next = this.#call.targets?.next();
    return next && !next.done ? next.value : undefined;
  }
}

/** Resolves true after `ms`, false when the call was given up before. */
function sleep(ms: number, call: Call): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (result: boolean): void => {
      clearTimeout(timer);
      forget();
      resolve(result);
    };
    const timer = setTimeout(() => done(true), ms);
    const forget = call.canceller.onCancel(() => queueMicrotask(() => done(false)));
  });
}
