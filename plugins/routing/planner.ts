import { ConfigError, serves, spokenProtocol } from "../../core/index.ts";
import { tiersFor, tiersForPrefix, tiersWithout } from "./candidates.ts";
import { makePlan } from "./plan.ts";
import type { Call, Caller, GatewayContext, Strategy, Upstream } from "../../core/index.ts";
import type { Tier } from "./candidates.ts";
import type { Plan } from "./plan.ts";

/** How many options all remembered plans may have; names come from clients, so there is a bound. */
const optionLimit = 2_000_000;
const planLimit = 10_000;

export interface PlannerOptions {
  strategy: string;
  /** A model that ends in `*` asks for every offered model with that beginning. */
  patterns: boolean;
  /** Count turns for each caller apart. */
  perCaller: boolean;
}

/** Turns calls into plans; what does not change with the call is worked out once. */
export class Planner {
  readonly #gateway: GatewayContext;
  readonly #options: PlannerOptions;
  readonly #plans = new Map<string, Plan>();
  readonly #scopes = new WeakMap<Caller, string>();
  #remembered = 0;

  constructor(gateway: GatewayContext, options: PlannerOptions) {
    this.#gateway = gateway;
    this.#options = options;
  }

  /** The models changed: what was worked out is worked out anew. */
  forget(): void {
    this.#plans.clear();
    this.#remembered = 0;
  }

  /** @param model The name that is meant, or a fallback for it. */
  plan(call: Call, model: string | undefined): Plan {
    const key = `${this.#scope(call.caller, model)}${call.prefix ?? "*"} ${call.protocol?.name} ${call.operation} ${model}`;
    const known = this.#plans.get(key);
    if (known) return known;
    const strategy = call.endpoint?.modelless ? undefined : this.strategy(call.caller?.strategy);
    const plan = makePlan(key, this.#tiers(call, model), strategy);
    if (this.#plans.size >= planLimit || this.#remembered > optionLimit) this.forget();
    this.#plans.set(key, plan);
    this.#remembered += plan.options.length;
    return plan;
  }

  /** A strategy by name, default the gateway's; undefined for `order`, which is none. */
  strategy(name: string = this.#options.strategy): Strategy | undefined {
    return useStrategy(this.#gateway, name);
  }

  /** Whether any upstream offers a model, in whatever protocol. */
  isOffered(call: Call, model: string): boolean {
    return this.#question(call, model, () => "").some((tier) => tier.length > 0);
  }

  /** What sets plans of this caller apart from those of all others. */
  #scope(caller: Caller | undefined, model: string | undefined): string {
    if (!caller) return "";
    // A name that stands for another is open to some and closed to others.
    if (!caller.mayUseAnyModel && model !== undefined && compound.test(model)) return ownScope(caller);
    const known = this.#scopes.get(caller);
    if (known !== undefined) return known;
    const own =
      this.#options.perCaller ||
      caller.routes !== undefined ||
      caller.strategy !== undefined ||
      this.#gateway.upstreams.some(({ name }) => !caller.mayUseUpstream(name));
    const scope = own ? ownScope(caller) : "";
    this.#scopes.set(caller, scope);
    return scope;
  }

  #tiers(call: Call, model: string | undefined): Tier[] {
    const { protocols } = this.#gateway;
    const upstreams = this.#allowed(call);
    if (call.operation === "unknown") return [];
    if (call.prefix !== undefined) return tiersForPrefix(call.prefix, model, upstreams);
    if (call.endpoint?.modelless) {
      return tiersWithout(upstreams.filter((upstream) => serves(call, upstream, undefined, protocols)));
    }
    if (model === undefined) return [];
    return this.#question(call, model, (upstream, name) => serving(call, upstream, name, protocols));
  }

  #question(
    call: Call,
    asked: string,
    how: (upstream: Upstream, upstreamModel: string) => string | undefined,
  ): Tier[] {
    const { model, upstreams: named } = this.#gateway.meaningOf(asked);
    const pattern = this.#options.patterns && model.length > 1 && model.endsWith("*");
    const { caller } = call;
    const { aliases } = this.#gateway;
    return tiersFor({
      model,
      pattern,
      upstreams: named ? this.#allowed(call).filter((one) => named.includes(one)) : this.#allowed(call),
      routes: caller?.routes,
      weightedRules: this.strategy(caller?.strategy)?.weighted ?? false,
      serving: how,
      // By this name, or as an alias, it was let in; what another name stands for may be closed.
      mayUse: (name) =>
        name === asked || !caller || Object.hasOwn(aliases, asked) || caller.mayUseModel(name),
    });
  }

  #allowed({ caller }: Call): readonly Upstream[] {
    const { upstreams } = this.#gateway;
    return caller ? upstreams.filter(({ name }) => caller.mayUseUpstream(name)) : upstreams;
  }
}

/** Names that may stand for others. */
const compound = /[/:*<]/;

function ownScope({ name }: Caller): string {
  return `${JSON.stringify(name)} `;
}

/** Finds a strategy, and has its gate watch from now on. */
export function useStrategy(gateway: GatewayContext, name: string): Strategy | undefined {
  const strategy = gateway.strategies.get(name);
  if (strategy?.gate) gateway.watch(strategy.gate);
  return strategy;
}

/** Throws a ConfigError for names of strategies that no plugin adds. @param own The plugin's own options, by name. */
export function checkStrategies(gateway: GatewayContext, own: Record<string, string | undefined>): void {
  const places: { path: (string | number)[]; name: string | undefined }[] = [
    ...Object.entries(own).map(([option, name]) => ({ path: ["plugins", "routing", option], name })),
    ...gateway.keys.map(({ strategy: name }, i) => ({ path: ["keys", i, "strategy"], name })),
    ...gateway.upstreams.map(({ keyStrategy: name }, i) => ({ path: ["upstreams", i, "keyStrategy"], name })),
  ];
  const { strategies } = gateway;
  const expected = `one of ${[...strategies.keys()].join(", ")}`;
  const unknown = places.filter(({ name }) => name !== undefined && !strategies.has(name));
  if (unknown.length === 0) return;
  throw new ConfigError(unknown.map(({ path, name }) => ({ path, found: JSON.stringify(name), expected })));
}

/** How an upstream answers a call: undefined when it cannot, else what `explain` shall say of it. */
function serving(
  call: Call,
  upstream: Upstream,
  model: string,
  protocols: GatewayContext["protocols"],
): string | undefined {
  if (!serves(call, upstream, model, protocols)) return undefined;
  const spoken = spokenProtocol(call, upstream, model, protocols);
  if (!spoken) return ", counted by the gateway";
  return spoken === call.protocol ? "" : `, translated to ${spoken.name}`;
}
