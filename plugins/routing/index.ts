import * as v from "valibot";
import { definePlugin, GatewayError, serves, spokenProtocol } from "../../core/index.ts";
import { Balancer } from "./balance.ts";
import { tiersFor, tiersForPrefix, tiersWithout } from "./candidates.ts";
import type { Call, Candidate, GatewayContext, Next, Target, Upstream } from "../../core/index.ts";
import type { Tier } from "./candidates.ts";

const options = v.strictObject({
  strategy: v.pipe(
    v.optional(v.picklist(["weighted", "order"]), "weighted"),
    v.description(
      "weighted: upstreams of one priority take turns by their weights. order: always as configured, the next only when one fails.",
    ),
  ),
  defaultModel: v.pipe(
    v.optional(v.string()),
    v.description("The model that is used when no upstream offers the one asked for."),
  ),
});

/** How many model names keep a plan; names come from clients, so there is a bound. */
const planLimit = 10_000;

/** Finds the upstreams of a call, and the order in which they are tried. */
export default definePlugin({
  name: "routing",
  options,
  setup({ strategy, defaultModel }, gateway) {
    const router = new Planner(gateway, strategy);
    const unhook = gateway.hooks.hook("models:change", () => router.forget());

    const route = (call: Call, next: Next): Promise<Response> => {
      if (call.model !== undefined) call.model = gateway.aliases[call.model] ?? call.model;
      let candidates = router.candidates(call);
      if (candidates.length === 0 && defaultModel !== undefined && mayUse(call, defaultModel)) {
        call.model = defaultModel;
        candidates = router.candidates(call);
      }
      if (candidates.length === 0) return Promise.reject(router.refusal(call));
      call.candidates = candidates;
      call.targets = call.endpoint?.modelless ? firstKeys(candidates) : router.targets(candidates);
      return next();
    };

    return {
      stage: "route",
      close: unhook,
      // Not async: a call that was read before passes without a promise of ours.
      middleware: (call, next) =>
        call.facts ? route(call, next) : call.inspect().then(() => route(call, next)),
    };
  },
});

function mayUse(call: Call, model: string): boolean {
  return call.prefix === undefined && call.caller?.mayUseModel(model) !== false;
}

/** Turns calls into ordered candidates; what does not change with the call is worked out once. */
class Planner {
  readonly #gateway: GatewayContext;
  readonly #strategy: "weighted" | "order";
  readonly #plans = new Map<string, () => Candidate[]>();
  readonly #keyCursors = new Map<Upstream, number>();

  constructor(gateway: GatewayContext, strategy: "weighted" | "order") {
    this.#gateway = gateway;
    this.#strategy = strategy;
  }

  /** The models changed: what was worked out is worked out anew. */
  forget(): void {
    this.#plans.clear();
  }

  candidates(call: Call): Candidate[] {
    const { caller } = call;
    const planned = this.#plan(call)();
    const allowed = caller ? planned.filter(({ upstream }) => caller.mayUseUpstream(upstream.name)) : planned;
    return call.endpoint?.modelless && call.prefix === undefined ? keeperOf(call, allowed) : allowed;
  }

  /** The targets one by one: an upstream's keys from where the last call left off, then the next upstream. */
  *targets(candidates: readonly Candidate[]): Generator<Target, undefined> {
    for (const { upstream, model } of candidates) {
      const { keys } = upstream;
      if (keys.length < 2) {
        yield { upstream, key: keys[0], model };
        continue;
      }
      const from = this.#keyCursors.get(upstream) ?? 0;
      this.#keyCursors.set(upstream, (from + 1) % keys.length);
      for (let i = 0; i < keys.length; i++) yield { upstream, key: keys[(from + i) % keys.length], model };
    }
  }

  refusal(call: Call): GatewayError {
    const { model, protocol } = call;
    if (call.operation === "unknown") {
      return new GatewayError(`There is nothing at ${call.method} ${call.path}.`, {
        status: 404,
        code: "unknown_path",
      });
    }
    if (model === undefined) {
      return new GatewayError("No upstream serves this call.", { status: 404, code: "no_upstream" });
    }
    const others = tiersFor(model, this.#gateway.upstreams).flatMap((tier) => tier.candidates);
    if (others.length > 0) {
      const message = `The upstreams that offer ${model} do not speak ${protocol?.name} for ${call.operation}.`;
      return new GatewayError(message, { status: 501, code: "protocol_mismatch", param: "model" });
    }
    return new GatewayError(`No upstream offers the model ${model}.`, {
      status: 404,
      code: "model_not_found",
      param: "model",
    });
  }

  #plan(call: Call): () => Candidate[] {
    const key = `${call.prefix ?? "*"} ${call.protocol?.name} ${call.operation} ${call.model}`;
    const known = this.#plans.get(key);
    if (known) return known;
    const plan = this.#order(this.#tiers(call), call.endpoint?.modelless ?? false);
    if (this.#plans.size >= planLimit) this.#plans.clear();
    this.#plans.set(key, plan);
    return plan;
  }

  #tiers(call: Call): Tier[] {
    const { upstreams, protocols } = this.#gateway;
    if (call.operation === "unknown") return [];
    if (call.prefix !== undefined) return tiersForPrefix(call.prefix, call.model, upstreams);
    if (call.endpoint?.modelless) {
      return tiersWithout(upstreams.filter((upstream) => serves(call, upstream, undefined, protocols)));
    }
    if (call.model === undefined) return [];
    return tiersFor(call.model, upstreams, (upstream, model) => serving(call, upstream, model, protocols));
  }

  #order(tiers: readonly Tier[], fixed: boolean): () => Candidate[] {
    const all = tiers.flatMap((tier) => tier.candidates);
    if (fixed || this.#strategy === "order" || all.length < 2) return () => [...all];
    const balancers = tiers.map((tier) => new Balancer(tier.candidates));
    return () => balancers.flatMap((balancer) => balancer.next());
  }
}

/** What an upstream keeps, it keeps for the account of one key. */
function* firstKeys(candidates: readonly Candidate[]): Generator<Target, undefined> {
  for (const { upstream, model } of candidates) yield { upstream, key: upstream.keys[0], model };
}

/** The one upstream that keeps what a call is about: the one that the caller names, else the first. */
function keeperOf(call: Call, candidates: Candidate[]): Candidate[] {
  const name = call.request.headers.get("x-sluice-upstream");
  if (name === null) return candidates.slice(0, 1);
  return candidates.filter(({ upstream }) => upstream.name === name);
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
