import type { Attempt, GatewayError } from "../../core/index.ts";
import type { Options } from "./options.ts";

/** How one attempt, or several side by side, ended: with an answer or with a failure. */
export interface Result {
  response: Response | undefined;
  failure: GatewayError | undefined;
  /** Undefined where none began. */
  attempt: Attempt | undefined;
}

/**
 * What is to be done with a result. `answer`: it goes to the client. `again`: another target, else the same after a
 * wait. `elsewhere`: only another key or upstream. `context`: a model with a larger context. `turned-away`: nothing was
 * sent, so the next target is tried and no attempt counted.
 */
export type Verdict = "answer" | "again" | "elsewhere" | "context" | "turned-away";

/** The code of a request that is too long for its model, in every protocol. */
const tooLong = "context_length_exceeded";

/** With which the gates refuse an attempt before it begins. */
const turnedAway = new Set(["upstream_unavailable", "upstream_limit"]);

/** Sorts results by status and by the code that the upstream's error has. */
export class Classes {
  readonly #again: ReadonlySet<number>;
  readonly #elsewhere: ReadonlySet<number | string>;
  readonly #never: ReadonlySet<number | string>;
  readonly #connection: boolean;

  constructor({ statuses, elsewhere, never, connection }: Options) {
    this.#again = new Set(statuses);
    this.#elsewhere = new Set(elsewhere);
    this.#never = new Set(never);
    this.#connection = connection;
  }

  judge({ response, failure, attempt }: Result): Verdict {
    if (failure) return this.#ofFailure(failure);
    const status = response?.status ?? 0;
    if (status < 400) return "answer";
    const code = attempt?.failure?.code ?? "";
    if (code === tooLong) return "context";
    if (this.#never.has(code) || this.#never.has(status)) return "answer";
    if (this.#elsewhere.has(code) || this.#elsewhere.has(status)) return "elsewhere";
    return this.#again.has(status) ? "again" : "answer";
  }

  #ofFailure({ code, status, retryable }: GatewayError): Verdict {
    if (turnedAway.has(code)) return "turned-away";
    if (code === tooLong) return "context";
    if (!this.#connection || !retryable || this.#never.has(code)) return "answer";
    return this.#elsewhere.has(code) || this.#elsewhere.has(status) ? "elsewhere" : "again";
  }
}
