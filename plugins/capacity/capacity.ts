import { reserveTokens, totalTokens } from "../../core/index.ts";
import { Places } from "./places.ts";
import { remember, Windows } from "./windows.ts";
import type {
  Attempt,
  Call,
  Gate,
  GatewayContext,
  Obstacle,
  State,
  TakeResult,
  Target,
  TargetReport,
  TokenReservation,
  Upstream,
  Window,
} from "../../core/index.ts";
import type { CapacityOptions } from "./options.ts";
import type { Concurrency } from "./places.ts";
import type { LimitWindow } from "./windows.ts";

/** What there is to keep to at one upstream. */
interface Bounds {
  places: Places | undefined;
  windows: Windows | undefined;
}

/** What an attempt holds. */
interface Hold {
  places: Places | undefined;
  key: number | undefined;
  charges: readonly Charge[];
  /** Of the charges, on the counters' clock. */
  at: number;
  reserved: TokenReservation | undefined;
}

interface Charge {
  window: LimitWindow;
  amount: number;
}

const nothing: readonly Charge[] = [];
/** Calls under way are counted on when the configuration changes. */
const placesOf = new WeakMap<State, Map<string, Places>>();

/** What upstreams and keys take. Limits are counted in the shared state, calls at once in this process. */
export class Capacity {
  readonly #gateway: GatewayContext;
  readonly #options: CapacityOptions;
  readonly #bounds = new Map<Upstream, Bounds>();
  readonly #holds = new Map<Attempt, Hold>();

  constructor(gateway: GatewayContext, options: CapacityOptions) {
    this.#gateway = gateway;
    this.#options = options;
  }

  readonly gate: Gate = {
    name: "capacity",
    check: (target, now, call) => this.#check(target, now, call),
    enter: (attempt, call) => this.#enter(attempt, call),
    leave: (attempt, call) => this.#leave(attempt, call),
    describe: (target, now) => this.#describe(target, now),
  };

  /** Takes the upstreams in that have limits. False when there are none. */
  watchUpstreams(): boolean {
    for (const upstream of this.#gateway.upstreams) {
      const places = this.#placesOf(upstream);
      const windows = Windows.needed(upstream) ? new Windows(upstream) : undefined;
      if (places || windows) this.#bounds.set(upstream, { places, windows });
    }
    return this.#bounds.size > 0;
  }

  #placesOf(upstream: Upstream): Places | undefined {
    const concurrency: Concurrency = {
      upstream: upstream.concurrency,
      keys: upstream.keys.map((key) => key.concurrency ?? upstream.keyConcurrency),
    };
    const { state } = this.#gateway;
    let all = placesOf.get(state);
    if (!all) placesOf.set(state, (all = new Map()));
    const known = all.get(upstream.name);
    if (known) {
      known.concurrency = concurrency;
      known.admit();
    }
    if (concurrency.upstream === undefined && concurrency.keys.every((most) => most === undefined))
      return undefined;
    const places = known ?? new Places(concurrency);
    all.set(upstream.name, places);
    return places;
  }

  #check(target: Target, now: number, call: Call): Obstacle | undefined {
    const bounds = this.#bounds.get(target.upstream);
    if (!bounds) return undefined;
    const ownKey = call.caller?.ownKey === true;
    for (const window of bounds.windows?.of(target, call, ownKey) ?? []) {
      if (now < window.fullUntil) return atLimit(window, window.fullUntil);
    }
    const key = keyOf(target, ownKey);
    return bounds.places?.isFull(key) ? busy : undefined;
  }

  #enter(attempt: Attempt, call: Call): Obstacle | undefined | Promise<Obstacle | undefined> {
    const { target } = attempt;
    const bounds = this.#bounds.get(target.upstream);
    if (!bounds) return undefined;
    const { places } = bounds;
    const key = keyOf(target, call.caller?.ownKey === true);
    if (!places || places.enter(key)) return this.#take(attempt, call, bounds, key);
    const { size, timeout } = this.#options.queue;
    if (places.waiting >= (size ?? 0)) return busy;
    return places.wait(key, timeout ?? 0, call, this.#gateway.clock).then((how) => {
      if (how === "in") return this.#take(attempt, call, bounds, key);
      return how === "late" ? busy : undefined;
    });
  }

  /** Takes of the limits what the call needs. Its place is taken. */
  #take(
    attempt: Attempt,
    call: Call,
    { places, windows }: Bounds,
    key: number | undefined,
  ): Obstacle | undefined | Promise<Obstacle | undefined> {
    const found = windows?.of(attempt.target, call, call.caller?.ownKey === true) ?? [];
    const hold: Hold = { places, key, charges: nothing, at: 0, reserved: undefined };
    this.#holds.set(attempt, hold);
    if (found.length === 0) return undefined;
    if (found.some(({ limit }) => limit.unit === "tokens")) {
      hold.reserved = reserveTokens(call, this.#options.estimate.output ?? 0);
    }
    const { input = 0, output = 0 } = hold.reserved ?? {};
    const charges = found.map((window) => {
      const { unit, amount } = window.limit;
      // One big call fits into an empty window.
      return { window, amount: unit === "requests" ? 1 : Math.min(input + output, amount) };
    });
    const taken = this.#gateway.state.counters.take(charges.map(toWindow));
    if (taken instanceof Promise) return taken.then((result) => this.#decide(attempt, hold, charges, result));
    return this.#decide(attempt, hold, charges, taken);
  }

  #decide(
    attempt: Attempt,
    hold: Hold,
    charges: readonly Charge[],
    { allowed, refused, retryAfter, at, windows }: TakeResult,
  ): Obstacle | undefined {
    const now = this.#gateway.clock.now();
    for (const [index, { window }] of charges.entries()) {
      const state = windows[index];
      if (state) remember(window, state, now);
    }
    if (allowed) {
      hold.charges = charges;
      hold.at = at;
      return undefined;
    }
    this.#holds.delete(attempt);
    hold.places?.leave(hold.key);
    const window = charges[refused]?.window;
    return window && atLimit(window, now + retryAfter);
  }

  #leave(attempt: Attempt, call: Call): void {
    const hold = this.#holds.get(attempt);
    if (!hold) return;
    this.#holds.delete(attempt);
    hold.places?.leave(hold.key);
    if (hold.charges.length === 0) return;
    if (attempt.end === "cancelled" && !call.attempts.includes(attempt)) {
      void this.#settle(hold, 0, 0);
      return;
    }
    if (!hold.reserved) return;
    const { input } = hold.reserved;
    if (attempt.end !== "complete") {
      const asked = attempt.end === "failed" ? 0 : input;
      void this.#settle(hold, 1, call.usage ? totalTokens(call.usage) : asked);
    } else if ((attempt.status ?? 0) >= 400) void this.#settle(hold, 1, 0);
    else {
      // What was not told is estimated by the end of the call, which is now.
      call.onFinish(({ usage }) => this.#settle(hold, 1, usage ? totalTokens(usage) : undefined));
    }
  }

  /** @param tokens undefined: as reserved */
  #settle({ charges, at }: Hold, requests: number, tokens: number | undefined): void | Promise<void> {
    const entries = charges.flatMap(({ window, amount }) => {
      const used = window.limit.unit === "requests" ? requests : (tokens ?? amount);
      if (used === amount) return [];
      if (used < amount) window.fullUntil = 0;
      return [{ key: window.key, window: window.limit.window, at, delta: used - amount }];
    });
    if (entries.length > 0) return this.#gateway.state.counters.settle(entries);
  }

  #describe(target: Target, now: number): TargetReport | undefined {
    const { upstream, keyPlace } = target;
    const bounds = this.#bounds.get(upstream);
    if (!bounds) return undefined;
    const { places, windows } = bounds;
    const offered = upstream.models.find((one) => (one.upstreamName ?? one.name) === target.model);
    const limits = windows?.of(target, { model: offered?.name ?? target.model }, false) ?? [];
    const full = limits.find(({ fullUntil }) => now < fullUntil);
    const obstacle = full ? atLimit(full, full.fullUntil) : places?.isFull(keyPlace) ? busy : undefined;
    const left = limits
      .filter(({ remaining }) => remaining !== undefined)
      .map(({ limit, remaining }) => `${remaining} of ${limit.text}`);
    return {
      ...(obstacle && { obstacle: obstacle.kind, reason: obstacle.reason }),
      ...(full && { until: new Date(full.fullUntil).toISOString() }),
      ...(left.length > 0 && { left: left.join(", ") }),
      ...(places && { calls: places.active, keyCalls: places.activeOf(keyPlace), waiting: places.waiting }),
    };
  }
}

function keyOf({ upstream, keyPlace }: Target, ownKey: boolean): number | undefined {
  return ownKey || upstream.keys.length === 0 ? undefined : keyPlace;
}

function toWindow({ window, amount }: Charge): Window {
  const { key, limit } = window;
  return { key, limit: limit.amount, window: limit.window, amount };
}

function atLimit({ limit }: LimitWindow, until: number): Obstacle {
  return { kind: "limit", reason: `its limit of ${limit.text} is reached`, until };
}

const busy: Obstacle = { kind: "busy", reason: "it has as many calls at once as it may have" };
