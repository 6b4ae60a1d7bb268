import * as v from "valibot";
import { definePlugin, fittingName, GatewayError, noUpstream } from "../../core/index.ts";
import { KeyOrder } from "./keys.ts";
import { checkStrategies, Planner, useStrategy } from "./planner.ts";
import { firstKeys, targetsFor } from "./targets.ts";
import { readEarly, Turns } from "./turns.ts";
import type { Call, GatewayContext, Next } from "../../core/index.ts";
import type { Option } from "./candidates.ts";
import type { Plan } from "./plan.ts";
import type { Leg } from "./targets.ts";

const models = v.record(v.string(), v.array(v.string()));

const options = v.strictObject({
  strategy: v.pipe(
    v.optional(v.string(), "weighted"),
    v.description("How upstreams of one priority take turns: the name of a strategy."),
  ),
  keyStrategy: v.pipe(
    v.optional(v.string()),
    v.description(
      "How an upstream's keys take turns, where it does not say so itself: round-robin, and as the upstreams with a strategy that is about keys, too (affinity).",
    ),
  ),
  defaultModel: v.pipe(
    v.optional(v.string()),
    v.description("The model that is used when no upstream offers the one asked for."),
  ),
  fallbacks: v.pipe(
    v.optional(models),
    v.description(
      "Models that are tried when all targets of one failed, in order: { model or pattern: [models] }.",
    ),
  ),
  contextFallbacks: v.pipe(
    v.optional(models),
    v.description(
      "Models with a larger context, for a request that is too long: { model or pattern: [models] }.",
    ),
  ),
  lastResort: v.pipe(
    v.optional(v.boolean(), true),
    v.description(
      "Try targets that rest after failures when a call has no others. Else it is refused with 503.",
    ),
  ),
  patterns: v.pipe(
    v.optional(v.boolean(), false),
    v.description("A model asked for as `gpt-4*` means every offered model with that beginning."),
  ),
  perCaller: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Each key's calls take turns of their own."),
  ),
});

type Options = v.InferOutput<typeof options>;

/** Finds the upstreams of a call, and the order in which they are tried. */
export default definePlugin({
  name: "routing",
  needs: ["strategies"],
  options,
  setup(options, gateway) {
    const { strategy, keyStrategy } = options;
    const router = new Router(options, gateway);
    return {
      stage: "route",
      // In memory a turn is drawn at once, when it is wanted.
      ...(gateway.state.shared && { prepare: (call: Call) => router.prepare(call) }),
      ready: () => checkStrategies(gateway, { strategy, keyStrategy }),
      close: gateway.hooks.hook("models:change", () => router.planner.forget()),
      // Not async: a call that was read before passes without a promise of ours.
      middleware: (call, next) =>
        call.facts ? router.route(call, next) : call.inspect().then(() => router.route(call, next)),
    };
  },
});

class Router {
  readonly planner: Planner;
  readonly #gateway: GatewayContext;
  readonly #options: Options;
  readonly #keys: KeyOrder;
  readonly #turns: Turns;

  constructor(options: Options, gateway: GatewayContext) {
    this.#gateway = gateway;
    this.#options = options;
    this.planner = new Planner(gateway, options);
    this.#turns = new Turns(gateway.state.cursors);
    this.#keys = new KeyOrder(({ keyStrategy = options.keyStrategy }, chosenBy) =>
      keyStrategy === undefined && chosenBy?.keysToo
        ? chosenBy
        : useStrategy(gateway, keyStrategy ?? "round-robin"),
    );
  }

  /** Draws the turn that the call will most likely want. */
  prepare(call: Call): void | Promise<void> {
    const read = readEarly(call);
    if (typeof read !== "boolean") return read.then((done) => (done ? this.#draw(call) : undefined));
    if (read) this.#draw(call);
  }

  #draw(call: Call): void {
    const { model } = call;
    const { cursor } = this.#plan(call);
    // What the call means is settled in its place; others may change the model before.
    call.model = model;
    if (cursor !== undefined) this.#turns.draw(call, cursor);
  }

  route(call: Call, next: Next): Promise<Response> {
    const plan = this.#plan(call);
    if (call.endpoint?.modelless && call.prefix === undefined) {
      const kept = { ...plan, options: keepers(call, plan.options) };
      if (kept.options.length === 0) return Promise.reject(this.#refusal(call));
      call.candidates = kept.options;
      call.targets = firstKeys(kept);
      return next();
    }
    if (plan.options.length === 0) return Promise.reject(this.#refusal(call));
    call.candidates = plan.options;
    const position = this.#position(call, plan);
    if (typeof position === "number") return this.#go(call, next, { plan, position });
    return position.then((at) => this.#go(call, next, { plan, position: at }));
  }

  #go(call: Call, next: Next, first: Leg): Promise<Response> {
    const { fallbacks, contextFallbacks, lastResort } = this.#options;
    const asked = call.model;
    call.targets = targetsFor({
      call,
      keys: this.#keys,
      first,
      lastResort,
      fallbacks: () => this.#others(call, fallbacks, asked),
      larger: () => this.#others(call, contextFallbacks, asked),
    });
    return next();
  }

  /** The plan of a call, whose model becomes the one that is meant. */
  #plan(call: Call): Plan {
    const { model } = call;
    const { defaultModel } = this.#options;
    if (model === undefined) return this.planner.plan(call, undefined);
    const { aliases } = this.#gateway;
    if (call.prefix !== undefined) {
      call.model = aliases[model] ?? model;
      return this.planner.plan(call, call.model);
    }
    const plan = this.planner.plan(call, model);
    call.model = this.#gateway.meaningOf(model).model;
    if (plan.options.length > 0 || defaultModel === undefined) return plan;
    if (call.caller?.mayUseModel(defaultModel) === false) return plan;
    call.model = defaultModel;
    return this.planner.plan(call, defaultModel);
  }

  #position(call: Call, { cursor }: Plan): number | Promise<number> {
    return cursor === undefined ? 0 : this.#turns.take(call, cursor);
  }

  /** The plans of the models that stand in for one, as far as the caller may use them. */
  *#others(
    call: Call,
    chains: Readonly<Record<string, readonly string[]>> | undefined,
    asked: string | undefined,
  ): Generator<Leg, undefined> {
    if (!chains || asked === undefined || call.prefix !== undefined) return undefined;
    const pattern = fittingName(chains, asked);
    for (const model of (pattern !== undefined && chains[pattern]) || []) {
      if (call.caller?.mayUseModel(model) === false) continue;
      const plan = this.planner.plan(call, model);
      const position = this.#position(call, plan);
      call.model = model;
      // A turn that is not known yet is not waited for: these calls are few.
      yield { plan, position: typeof position === "number" ? position : 0 };
    }
    return undefined;
  }

  #refusal(call: Call): GatewayError {
    const { model, protocol } = call;
    if (call.operation === "unknown") {
      return new GatewayError(`There is nothing at ${call.method} ${call.path}.`, {
        status: 404,
        code: "unknown_path",
      });
    }
    if (model === undefined) return noUpstream();
    if (this.planner.isOffered(call, model)) {
      const message = `The upstreams that offer ${model} do not speak ${protocol?.name} for ${call.operation}.`;
      return new GatewayError(message, { status: 501, code: "protocol_mismatch", param: "model" });
    }
    return new GatewayError(`No upstream offers the model ${model}.`, {
      status: 404,
      code: "model_not_found",
      param: "model",
    });
  }
}

/** The one upstream that keeps what a call is about: the one that the caller names, else the first. */
function keepers(call: Call, options: readonly Option[]): Option[] {
  const name = call.request.headers.get("x-sluice-upstream");
  if (name === null) return options.slice(0, 1);
  return options.filter(({ upstream }) => upstream.name === name);
}
