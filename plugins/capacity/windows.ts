import { parseLimits, wildcard } from "../../core/index.ts";
import type { Call, Limit, LimitsByModel, Target, Upstream, WindowState } from "../../core/index.ts";

/** One limit of an upstream, or of one of its keys. */
export interface LimitWindow {
  readonly key: string;
  readonly limit: Limit;
  /** Nothing fits into it before, ms since the epoch: what the last call showed. */
  fullUntil: number;
  /** What the last call left. */
  remaining: number | undefined;
}

/** The limits of one upstream and its keys. A pattern's models are counted together, as are all where no model is named. */
export class Windows {
  readonly #upstream: Upstream;
  readonly #made = new Map<string, LimitWindow[]>();
  /** By target, and by the model that is asked for. */
  readonly #fitting = new WeakMap<Target, Map<string | undefined, readonly LimitWindow[]>>();

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  /** Whether an upstream has limits at all. */
  static needed({ limits, keyLimits, keys }: Upstream): boolean {
    return [limits, keyLimits, ...keys.map((key) => key.limits ?? {})].some(
      (one) => Object.keys(one).length > 0,
    );
  }

  /** What a call must fit into. @param ownKey it brings a key of its own, and uses none of ours */
  of(target: Target, { model }: Pick<Call, "model">, ownKey: boolean): readonly LimitWindow[] {
    if (ownKey) return this.#find(target, model, true);
    let byModel = this.#fitting.get(target);
    if (!byModel) this.#fitting.set(target, (byModel = new Map()));
    const known = byModel.get(model);
    if (known) return known;
    const found = this.#find(target, model, false);
    byModel.set(model, found);
    return found;
  }

  #find(target: Target, asked: string | undefined, ownKey: boolean): LimitWindow[] {
    const { name, limits, keyLimits, keys } = this.#upstream;
    const offered = this.#upstream.models.find((one) => (one.upstreamName ?? one.name) === target.model);
    const models = [asked, offered?.name].filter((one) => one !== undefined);
    const whole = this.#windows(name, limits, models);
    if (ownKey) return whole;
    const own = keys[target.keyPlace]?.limits ?? keyLimits;
    return [...whole, ...this.#windows(`${name} #${target.keyPlace + 1}`, own, models)];
  }

  #windows(whose: string, limits: LimitsByModel, models: readonly string[]): LimitWindow[] {
    const name =
      models.find((model) => Object.hasOwn(limits, model)) ??
      Object.keys(limits).find((pattern) => pattern === "*" || models.some(wildcard(pattern)));
    if (name === undefined) return [];
    const key = `capacity:${whose} ${name}`;
    const known = this.#made.get(key);
    if (known) return known;
    const made = parseLimits(limits[name] ?? []).map((limit) => ({
      key: `${key} ${limit.unit}`,
      limit,
      fullUntil: 0,
      remaining: undefined,
    }));
    this.#made.set(key, made);
    return made;
  }
}

/** Remembers what a take showed. @param now ms since the epoch, on the gateway's clock */
export function remember(window: LimitWindow, { remaining, resetAfter }: WindowState, now: number): void {
  window.remaining = remaining;
  // Less than one: not even the smallest call fits.
  window.fullUntil = remaining < 1 ? now + resetAfter : 0;
}
