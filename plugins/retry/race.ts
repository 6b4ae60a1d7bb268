import { GatewayError } from "../../core/index.ts";
import { outrun } from "./hedging.ts";
import type { Call, Next } from "../../core/index.ts";
import type { Hedging } from "./hedging.ts";
import type { Place, TargetQueue } from "./queue.ts";
import type { Classes, Result } from "./verdict.ts";

/** One of the attempts that go on side by side. */
interface Runner {
  place: Place;
  fork: Call;
  startedAt: number;
  answering: Promise<Response>;
  /** Never rejects. */
  ending: Promise<{ runner: Runner; result: Result }>;
}

/** Attempts of one call side by side, of which the first to answer wins. */
export class Race {
  readonly #call: Call;
  readonly #next: Next;
  readonly #queue: TargetQueue;
  readonly #hedging: Hedging;
  readonly #classes: Classes;
  readonly #running = new Set<Runner>();
  /** How many further targets may be asked. */
  #left: number;
  #began = 0;

  constructor(call: Call, next: Next, queue: TargetQueue, hedging: Hedging, classes: Classes) {
    this.#call = call;
    this.#next = next;
    this.#queue = queue;
    this.#hedging = hedging;
    this.#left = hedging.max;
    this.#classes = classes;
  }

  /** @param delay ms after which a further target is asked. @returns The winner's result, else the last one's, and how many began. */
  async run(place: Place, delay: number): Promise<{ result: Result; began: number }> {
    this.#launch(place);
    for (;;) {
      const ended = await this.#whatIsNext(delay);
      if (!ended) {
        this.#hedge();
        continue;
      }
      const { runner, result } = ended;
      this.#running.delete(runner);
      const verdict = this.#classes.judge(result);
      if (verdict === "answer" || this.#running.size === 0) {
        this.#settle(runner, verdict === "answer" && result.response !== undefined);
        return { result, began: this.#began };
      }
      this.#call.abandon(runner.fork, runner.answering, outrun());
    }
  }

  #launch(place: Place): void {
    this.#began++;
    const call = this.#call;
    const fork = call.fork(place.target);
    fork.model = place.model;
    const answering = this.#next(fork);
    const { attempts } = call;
    const resultOf = (response: Response | undefined, failure: GatewayError | undefined) => {
      const attempt = attempts.findLast(({ target }) => target === fork.target);
      return { runner, result: { response, failure, attempt } };
    };
    const ending = answering.then(
      (response) => resultOf(response, undefined),
      (error: unknown) => resultOf(undefined, GatewayError.from(error)),
    );
    const runner: Runner = { place, fork, startedAt: call.gateway.clock.tick(), answering, ending };
    this.#running.add(runner);
  }

  /** The next attempt that ended; undefined when it is time for a further one. */
  async #whatIsNext(delay: number): Promise<{ runner: Runner; result: Result } | undefined> {
    const endings = [...this.#running].map(({ ending }) => ending);
    if (this.#left === 0) return Promise.race(endings);
    let off = (): void => {};
    const due = new Promise<undefined>((resolve) => {
      off = this.#call.gateway.clock.after(delay, () => resolve(undefined));
    });
    const ended = await Promise.race([...endings, due]);
    off();
    return ended;
  }

  #hedge(): void {
    const place = this.#call.replayable && this.#hedging.take() ? this.#queue.beside() : undefined;
    // Without a target to be asked there is none later either.
    this.#left = place ? this.#left - 1 : 0;
    if (place) this.#launch(place);
  }

  #settle(winner: Runner, won: boolean): void {
    const call = this.#call;
    const now = call.gateway.clock.tick();
    this.#queue.current = winner.place;
    call.adopt(winner.fork);
    if (won) this.#hedging.note(call, { duration: now - winner.startedAt });
    for (const { fork, answering, startedAt } of this.#running) {
      if (won) this.#hedging.note(call, { duration: now - startedAt });
      call.abandon(fork, answering, outrun());
    }
  }
}
