import { Circuit } from "./circuit.ts";
import type { GatewayContext, Target, Upstream } from "../../core/index.ts";
import type { BreakerSettings } from "./options.ts";
import type { Surroundings } from "./circuit.ts";

/** How many circuits a process keeps; the oldest go first. Rests are on the board and stay. */
const most = 100_000;

/** The circuits of a gateway, made when a target is first looked at. */
export class Circuits {
  readonly #settingsOf: (upstream: Upstream) => BreakerSettings;
  readonly #around: Surroundings;
  readonly #byTarget = new WeakMap<Target, Circuit>();
  readonly #byKey = new Map<string, Circuit>();

  constructor(
    { state, clock }: Pick<GatewayContext, "state" | "clock">,
    settingsOf: (upstream: Upstream) => BreakerSettings,
  ) {
    this.#settingsOf = settingsOf;
    this.#around = { board: state.board, clock, shared: state.shared };
  }

  of(target: Target): Circuit {
    const known = this.#byTarget.get(target);
    if (known) return known;
    const settings = this.#settingsOf(target.upstream);
    const circuit = this.#at(keyOf(target, settings.scope), settings);
    this.#byTarget.set(target, circuit);
    return circuit;
  }

  /** The circuit of an upstream as a whole, where it is asked whether it is well. */
  ofUpstream(upstream: Upstream): Circuit {
    return this.#at(`breaker-check:${upstream.name}`, this.#settingsOf(upstream));
  }

  #at(key: string, settings: BreakerSettings): Circuit {
    const known = this.#byKey.get(key);
    if (known) return known;
    const made = new Circuit(key, settings, this.#around);
    this.#byKey.set(key, made);
    if (this.#byKey.size > most) this.#byKey.delete(this.#byKey.keys().next().value ?? "");
    return made;
  }
}

function keyOf({ id, upstream, model }: Target, scope: BreakerSettings["scope"]): string {
  if (scope === "upstream") return `breaker:${upstream.name}`;
  // A space would make it that of an upstream's target.
  return scope === "target" ? `breaker:${id}` : `breaker:${upstream.name}/${model ?? ""}`;
}
