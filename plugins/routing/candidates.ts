import { fittingName, ruleMatcher, targetsOf, wildcard } from "../../core/index.ts";
import type { Candidate, Choice, OfferedModel, RouteRule, Target, Upstream } from "../../core/index.ts";

/** One upstream that could serve a model, as a strategy and as `explain` see it. */
export class Option implements Choice, Candidate {
  readonly upstream: Upstream;
  /** The upstream's own name of the model. */
  readonly model: string | undefined;
  readonly weight: number;
  readonly reason: string;
  #targets: readonly Target[] | undefined;

  constructor(upstream: Upstream, model: string | undefined, weight: number, reason: string) {
    this.upstream = upstream;
    this.model = model;
    this.weight = weight;
    const share = `priority ${upstream.priority}, weight ${weight}`;
    this.reason = `${reason}; ${share}`;
  }

  get id(): string {
    return this.model === undefined ? this.upstream.name : `${this.upstream.name} ${this.model}`;
  }

  // Made when they are wanted: of a thousand upstreams, a call asks one.
  get targets(): readonly Target[] {
    return (this.#targets ??= targetsOf(this.upstream, this.model));
  }
}

/** Options of one priority. */
export type Tier = readonly Option[];

/** What is asked of upstreams. */
export interface Question {
  /** The offered name; with `pattern`, a pattern that offered names are to fit. */
  model: string;
  pattern: boolean;
  upstreams: readonly Upstream[];
  /** The caller's rules, whose order is that of the upstreams. */
  routes: readonly RouteRule[] | undefined;
  /** Rules without a weight take no part where others have one. */
  weightedRules: boolean;
  /** How an upstream answers this kind of call, for the reason (`""`: as usual); undefined when it cannot. */
  serving(upstream: Upstream, upstreamModel: string): string | undefined;
  /** May the caller use the model that an upstream offers by this name? */
  mayUse(name: string): boolean;
}

/** Who could serve a model, in tiers from the highest priority down; with rules, all in one tier. */
export function tiersFor(question: Question): Tier[] {
  if (question.routes) return [byRules(question, question.routes)].filter((tier) => tier.length > 0);
  const found = question.upstreams.flatMap((upstream) =>
    offersOf(upstream, question).flatMap((offer) => option(question, upstream, offer, undefined)),
  );
  return inTiers(found);
}

/** Who serves a prefix, in tiers. */
export function tiersForPrefix(
  prefix: string,
  model: string | undefined,
  upstreams: readonly Upstream[],
): Tier[] {
  const behind = upstreams.filter((upstream) => upstream.prefixes.includes(prefix));
  const reason = `has the prefix ${prefix || "/"}`;
  return inTiers(behind.map((upstream) => new Option(upstream, model, upstream.weight, reason)));
}

/** Who serves calls without a model, as configured and by priority. */
export function tiersWithout(upstreams: readonly Upstream[]): Tier[] {
  return inTiers(upstreams.map((upstream) => new Option(upstream, undefined, upstream.weight, "serves it")));
}

function inTiers(found: readonly Option[]): Tier[] {
  const priorities = [...new Set(found.map(({ upstream }) => upstream.priority))].sort((a, b) => b - a);
  return priorities.map((priority) => found.filter(({ upstream }) => upstream.priority === priority));
}

/** The offers of an upstream that fit: exact names (there may be several of one name) before a pattern. */
function offersOf({ models }: Upstream, { model, pattern }: Question): OfferedModel[] {
  if (pattern) {
    const fits = wildcard(model);
    return models.filter(({ name }) => !name.includes("*") && fits(name));
  }
  const exact = models.filter(({ name }) => name === model);
  return exact.length > 0 ? exact : models.filter(({ name }) => wildcard(name)(model)).slice(0, 1);
}

/** In the order of the rules; what several let through stands where the first has it. */
function byRules(question: Question, rules: readonly RouteRule[]): Option[] {
  const taken = new Set<OfferedModel>();
  const found = rules.flatMap((rule) => {
    const fits = ruleMatcher(rule);
    return question.upstreams.flatMap((upstream) =>
      offersOf(upstream, question).flatMap((offer) => {
        const name = offeredName(offer, question);
        if (taken.has(offer) || !fits(upstream.name, name)) return [];
        taken.add(offer);
        return option(question, upstream, offer, rule).map((made) => ({ made, rule }));
      }),
    );
  });
  const weights = question.weightedRules && found.some(({ rule }) => rule.weight !== undefined);
  const kept = weights ? found.filter(({ rule }) => rule.weight !== undefined) : found;
  return kept.map(({ made }) => made);
}

/** None where the upstream cannot, or its weight for the model is 0. */
function option(
  question: Question,
  upstream: Upstream,
  offer: OfferedModel,
  rule: RouteRule | undefined,
): Option[] {
  const name = offeredName(offer, question);
  const model = offer.upstreamName ?? name;
  const how = question.mayUse(name) ? question.serving(upstream, model) : undefined;
  const weight = rule?.weight ?? weightOf(upstream, name);
  if (how === undefined || weight <= 0) return [];
  return [new Option(upstream, model, weight, `offers ${offer.name}${how}`)];
}

/** What an offer is asked for by: a pattern stands for the name that was asked. */
function offeredName({ name }: OfferedModel, { model, pattern }: Question): string {
  return pattern || !name.includes("*") ? name : model;
}

function weightOf({ weight, weights }: Upstream, name: string): number {
  const fit = fittingName(weights, name);
  return (fit === undefined ? undefined : weights[fit]) ?? weight;
}
