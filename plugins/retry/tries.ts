import { discard, GatewayError, noUpstream, readRetryAfter } from "../../core/index.ts";
import { Race } from "./race.ts";
import { TargetQueue } from "./queue.ts";
import { wait } from "./wait.ts";
import type { Call, Next } from "../../core/index.ts";
import type { RetryBudget } from "./budget.ts";
import type { Hedging } from "./hedging.ts";
import type { Options } from "./options.ts";
import type { Classes, Result, Verdict } from "./verdict.ts";

/** What all calls share. */
export interface Shared {
  options: Options;
  attemptsOf: (call: Call) => number;
  classes: Classes;
  budget: RetryBudget;
  hedging: Hedging | undefined;
}

/** What the log tells of a call's attempts. */
interface Note {
  /** Why no other attempt was made. */
  stopped?: "budget";
  /** Targets that were asked beside others. */
  hedged?: number;
}

/** One call on its way through its targets. */
export class Tries {
  readonly #call: Call;
  readonly #next: Next;
  readonly #shared: Shared;
  readonly #queue: TargetQueue;
  /** The attempt that goes on is a retry, and has to be given back to the budget. */
  #isRetry = false;
  /** By the clock's tick: no attempt begins later. */
  readonly #endsAt: number;
  /** What the client gets if nothing better comes. */
  #last: Result | undefined;

  constructor(call: Call, next: Next, shared: Shared) {
    this.#call = call;
    this.#next = next;
    this.#shared = shared;
    const { deadline, maxRetryAfter } = shared.options;
    this.#endsAt = deadline === undefined ? Infinity : call.gateway.clock.tick() + deadline;
    this.#queue = new TargetQueue(call, shared.attemptsOf(call), maxRetryAfter);
  }

  /** Not async: nearly every call's first attempt is its last, and is passed on as it is. */
  run(): Promise<Response> {
    const { hedging } = this.#shared;
    try {
      if (!this.#queue.start()) throw noUpstream();
    } catch (error) {
      return Promise.reject(GatewayError.from(error));
    }
    if (hedging) return this.#attempt(hedging).then((result) => this.#goThrough(result));
    const before = this.#begin();
    const answered = (response: Response): Response | Promise<Response> =>
      response.status < 400
        ? this.#pass(response)
        : this.#goThrough(this.#resultOf(before, response, undefined));
    const failed = (error: unknown): Promise<Response> =>
      this.#goThrough(this.#resultOf(before, undefined, error));
    try {
      return this.#next().then(answered, failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** From the first attempt's result to the call's. */
  async #goThrough(first: Result): Promise<Response> {
    const { classes, budget, hedging } = this.#shared;
    for (let result = first; ; result = await (hedging ? this.#attempt(hedging) : this.#alone())) {
      const verdict = classes.judge(result);
      if (this.#isRetry) budget.ended(verdict === "answer" && result.response !== undefined);
      this.#isRetry = false;
      this.#remember(result, verdict);
      if (verdict === "answer" || !(await this.#goOn(verdict, result))) return this.#settle();
    }
  }

  /** One attempt at the current target, or several side by side. */
  async #attempt(hedging: Hedging): Promise<Result> {
    const call = this.#call;
    const queue = this.#queue;
    const place = queue.current;
    const fits = hedging.fits(call);
    if (fits) hedging.called();
    call.model = place?.model;
    const delay = fits ? hedging.delay(call) : undefined;
    if (place && delay !== undefined) {
      const race = new Race(call, this.#next, queue, hedging, this.#shared.classes);
      const { result, began } = await race.run(place, delay);
      queue.count(began);
      if (began > 1) this.#note({ hedged: began - 1 });
      return result;
    }
    const result = await this.#alone();
    const { attempt, response } = result;
    if (attempt && response && response.status < 400) hedging.note(call, attempt);
    return result;
  }

  async #alone(): Promise<Result> {
    const before = this.#begin();
    try {
      return this.#resultOf(before, await this.#next(), undefined);
    } catch (error) {
      return this.#resultOf(before, undefined, error);
    }
  }

  /** Puts the current target into the call; how many attempts it had before. */
  #begin(): number {
    const call = this.#call;
    const { current } = this.#queue;
    call.target = current?.target;
    call.model = current?.model;
    this.#queue.count(1);
    return call.attempts.length;
  }

  /** @param before attempts that the call had before this one, which may not have begun */
  #resultOf(before: number, response: Response | undefined, error: unknown): Result {
    const { attempts } = this.#call;
    return {
      response,
      failure: response ? undefined : GatewayError.from(error),
      attempt: attempts.length > before ? attempts.at(-1) : undefined,
    };
  }

  /** The last real answer or failure; that a target was not to be had only where there was none. */
  #remember(result: Result, verdict: Verdict): void {
    if (verdict === "turned-away") this.#queue.count(-1);
    if (this.#last && verdict === "turned-away") return;
    if (this.#last?.response) discard(this.#last.response);
    this.#last = result;
  }

  /** Goes to the next target, if there is one and it may be tried. */
  async #goOn(verdict: Verdict, result: Result): Promise<boolean> {
    const call = this.#call;
    const queue = this.#queue;
    if (!call.replayable || call.canceller.cancelled) return false;
    if (verdict === "context") return queue.widen();
    if (verdict === "again") queue.keep(this.#waitAfter(result));
    const found = queue.advance();
    const ms = found ? 0 : queue.back();
    // To wait for the deadline helps nobody.
    if (ms === undefined || call.gateway.clock.tick() + ms >= this.#endsAt) return false;
    if (verdict !== "turned-away" && !this.#shared.budget.take()) {
      this.#note({ stopped: "budget" });
      return false;
    }
    this.#isRetry = verdict !== "turned-away";
    if (ms === 0 || (await wait(ms, call))) return true;
    if (this.#isRetry) this.#shared.budget.ended(true);
    if (this.#last?.response) discard(this.#last.response);
    throw GatewayError.from(call.canceller.reason);
  }

  /** ms until the target that gave this may be asked again. */
  #waitAfter({ response, failure, attempt }: Result): number {
    const { clock } = this.#call.gateway;
    const now = clock.now();
    const until = response && readRetryAfter(response.headers, now);
    if (until !== undefined) return Math.max(0, until - now);
    const told = failure?.retryAfter ?? attempt?.failure?.retryAfter;
    if (told !== undefined) return told * 1000;
    const { base = 250, max = 8000 } = this.#shared.options.backoff;
    const ceiling = Math.min(base * 2 ** (this.#queue.triedInAll - 1), max);
    return ceiling / 2 + clock.random() * (ceiling / 2);
  }

  #settle(): Response {
    const { response, failure } = this.#last ?? {};
    // Looking for further targets may have gone on to other models.
    this.#call.model = this.#queue.current?.model;
    if (response) return this.#pass(response);
    throw failure ?? new GatewayError("No attempt was made.", { status: 502, code: "no_attempt" });
  }

  /** An answer for the client, who is told of another model than the one it asked for. */
  #pass(response: Response): Response {
    const { model, askedModel, gateway, responseHeaders } = this.#call;
    const isOther = model !== undefined && askedModel !== undefined && model !== askedModel;
    if (isOther && model !== gateway.meaningOf(askedModel).model)
      responseHeaders.push("x-sluice-model", model);
    return response;
  }

  #note(more: Note): void {
    const { notes } = this.#call;
    notes.set("retry", { ...(notes.get("retry") as Note | undefined), ...more });
  }
}
