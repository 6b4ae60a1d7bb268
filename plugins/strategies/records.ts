import type { Choice, Target } from "../../core/index.ts";

interface Kept<R> {
  /** Of the target by itself. */
  own: R;
  /** Of the upstream that it is one of several targets of; once that is asked for. */
  whole: R | undefined;
}

/** What a strategy knows of targets, and of upstreams with several for a model; forgotten with the targets. */
export class Records<R extends object> {
  readonly #make: (parts: readonly R[]) => R;
  readonly #kept = new WeakMap<Target, Kept<R>>();

  /** @param make A new record: of nothing, or of what is known of its parts. */
  constructor(make: (parts: readonly R[]) => R) {
    this.#make = make;
  }

  /** The records in which an attempt at a target counts. */
  of(target: Target): readonly R[] {
    const { own, whole } = this.#keptOf(target);
    return whole ? [own, whole] : [own];
  }

  /** The record of a choice: of one target, or of all that an upstream has for a model. */
  ofChoice({ targets }: Choice): R {
    const parts = targets.map((target) => this.#keptOf(target));
    const [first] = parts;
    if (first && parts.length === 1) return first.own;
    const whole = first?.whole ?? this.#make(parts.map(({ own }) => own));
    for (const part of parts) part.whole = whole;
    return whole;
  }

  #keptOf(target: Target): Kept<R> {
    let kept = this.#kept.get(target);
    if (!kept) this.#kept.set(target, (kept = { own: this.#make([]), whole: undefined }));
    return kept;
  }
}

/** The records of some choices, each looked up when the choice is first tried: before, its targets need not be there. */
export class ChoiceRecords<R extends object> {
  readonly #records: Records<R>;
  readonly #choices: readonly Choice[];
  readonly #met: (R | undefined)[];

  constructor(records: Records<R>, choices: readonly Choice[]) {
    this.#records = records;
    this.#choices = choices;
    this.#met = choices.map(() => undefined);
  }

  /** Undefined where the choice was not met. */
  at(index: number): R | undefined {
    return this.#met[index];
  }

  meet(index: number): R | undefined {
    const choice = this.#choices[index];
    return (this.#met[index] ??= choice && this.#records.ofChoice(choice));
  }
}
