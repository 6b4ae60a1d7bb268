import * as runtime from "#runtime";
import type { Clock } from "../clock.ts";

/** Something that is to happen. */
interface Event {
  /** ms from the start. */
  at: number;
  /** Of two at one time, the one that was set down first comes first. */
  order: number;
  /** Undefined once it is called off. */
  run: (() => void) | undefined;
}

/** Turns of the event loop that are asked for at once: one by one, each would cost five times as much. */
const turnsAtOnce = 64;

/**
 * The time of a simulation: it stands still while anything runs, then leaps to the next event. After each event all
 * promises that can go on do so, before time does. What runs under it may await nothing but promises and this clock.
 */
export class VirtualClock implements Clock {
  readonly #epoch: number;
  readonly #events = new EventHeap();
  #time = 0;
  #order = 0;

  /** @param epoch ms since the epoch at the start */
  constructor(epoch: number, random: () => number) {
    this.#epoch = epoch;
    this.random = random;
  }

  // None of these needs to be called on the clock: the machine's do not either.
  readonly now = (): number => Math.floor(this.#epoch + this.#time);
  readonly tick = (): number => this.#time;
  readonly random: () => number;

  /** What is idle (checks over the network, writing to files) is left undone. */
  readonly after = (ms: number, run: () => void, idle = false): (() => void) => {
    if (idle || !(ms < Number.POSITIVE_INFINITY)) return () => {};
    const event: Event = { at: this.#time + Math.max(0, ms), order: this.#order++, run };
    this.#events.push(event);
    return () => void (event.run = undefined);
  };

  /**
   * Lets time pass until `finished` says so after an event. Rejects with what an event throws.
   * @returns false where nothing was left to happen before that
   */
  run(finished: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let ended = false;
      let turns = 0;
      const end = (result: boolean): void => {
        ended = true;
        resolve(result);
      };
      // Between two turns of the event loop all promises have had theirs.
      const turn = (): void => {
        turns--;
        if (ended) return;
        if (finished()) return end(true);
        const event = this.#next();
        if (!event) return end(false);
        try {
          event.run?.();
        } catch (error) {
          ended = true;
          reject(error);
        }
        if (turns === 0) askForTurns();
      };
      const askForTurns = (): void => {
        for (; turns < turnsAtOnce; turns++) runtime.defer(turn);
      };
      askForTurns();
    });
  }

  #next(): Event | undefined {
    for (let event = this.#events.pop(); event; event = this.#events.pop()) {
      if (!event.run) continue;
      this.#time = event.at;
      return event;
    }
    return undefined;
  }
}

/** A binary heap: the next event is on top. */
class EventHeap {
  readonly #events: Event[] = [];

  push(event: Event): void {
    const events = this.#events;
    let at = events.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = events[above]!;
      if (!isBefore(event, parent)) break;
      events[at] = parent;
      at = above;
    }
    events[at] = event;
  }

  pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (last && last !== first) this.#sink(last);
    return first;
  }

  /** Puts one in the place of the first. */
  #sink(event: Event): void {
    const events = this.#events;
    const { length } = events;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= length) break;
      if (below + 1 < length && isBefore(events[below + 1]!, events[below]!)) below++;
      const child = events[below]!;
      if (!isBefore(child, event)) break;
      events[at] = child;
      at = below;
    }
    events[at] = event;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
