import * as v from "valibot";
import { definePlugin, GatewayError } from "../../core/index.ts";
import { Balancer } from "./balance.ts";
import { tiersFor, tiersForPrefix } from "./candidates.ts";
import type { Call, Candidate, GatewayContext, Target, Upstream } from "../../core/index.ts";
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
    return {
      stage: "route",
      async middleware(call, next) {
        await call.inspect();
        if (call.model !== undefined) call.model = gateway.aliases[call.model] ?? call.model;
        let candidates = router.candidates(call);
        if (candidates.length === 0 && defaultModel !== undefined && mayUse(call, defaultModel)) {
          call.model = defaultModel;
          candidates = router.candidates(call);
        }
        if (candidates.length === 0) throw router.refusal(call);
        call.candidates = candidates;
        call.targets = router.targets(candidates);
        return next();
      },
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

  candidates(call: Call): Candidate[] {
    const { caller } = call;
    const planned = this.#plan(call)();
    return caller ? planned.filter(({ upstream }) => caller.mayUseUpstream(upstream.name)) : planned;
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
    if (others.some(({ upstream }) => !speaks(upstream, call))) {
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
    const plan = this.#order(this.#tiers(call));
    if (this.#plans.size >= planLimit) this.#plans.clear();
    this.#plans.set(key, plan);
    return plan;
  }

  #tiers(call: Call): Tier[] {
    const { upstreams } = this.#gateway;
    if (call.operation === "unknown") return [];
    if (call.prefix !== undefined) return tiersForPrefix(call.prefix, call.model, upstreams);
    if (call.model === undefined) return [];
    return tiersFor(
      call.model,
      upstreams.filter((upstream) => speaks(upstream, call)),
    );
  }

  #order(tiers: readonly Tier[]): () => Candidate[] {
    const all = tiers.flatMap((tier) => tier.candidates);
    if (this.#strategy === "order" || all.length < 2) return () => [...all];
    const balancers = tiers.map((tier) => new Balancer(tier.candidates));
    return () => balancers.flatMap((balancer) => balancer.next());
  }
}

function speaks(upstream: Upstream, call: Call): boolean {
  return upstream.provider.protocols[call.operation] === call.protocol?.name;
}
