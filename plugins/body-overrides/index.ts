import * as v from "valibot";
import { definePlugin, isFields, matcher } from "../../core/index.ts";
import type { Attempted, Fields } from "../../core/index.ts";

const names = (what: string) => v.optional(v.pipe(v.array(v.string()), v.description(what)));

const rule = v.strictObject({
  upstreams: names(
    "Names of the upstreams whose requests are changed; `*` and `!` as in `keys`. Default all.",
  ),
  models: names(
    "Models, by the name that is asked for or the upstream's own; same grammar. Default all, and calls without one.",
  ),
  operations: names("Operations whose requests are changed. Default [chat]."),
  set: v.optional(
    v.pipe(
      v.record(v.string(), v.unknown()),
      v.description("Members that the body gets; maps are merged, all else is replaced."),
    ),
  ),
  remove: names("Members of the body that are taken out."),
  atLeast: v.optional(
    v.pipe(
      v.record(v.string(), v.number()),
      v.description("Members that are numbers and get raised to this, or set where they are missing."),
    ),
  ),
});

const options = v.strictObject({
  rules: v.pipe(v.array(rule), v.description("What is changed, one after the other.")),
});

type Rule = v.InferOutput<typeof rule>;

/** Changes members of request bodies, in the words of the protocol that the upstream speaks. */
export default definePlugin({
  name: "body-overrides",
  options,
  setup(given) {
    const rules = given.rules.map((one) => ({ ...one, fits: fitting(one) }));
    return {
      adapt(body, attempt) {
        let changed: Fields | undefined;
        for (const one of rules) if (one.fits(attempt)) changed = apply(one, changed ?? body);
        return changed;
      },
    };
  },
});

function fitting({ upstreams, models, operations = ["chat"] }: Rule): (attempt: Attempted) => boolean {
  const fitsUpstream = matcher(upstreams);
  const fitsModel = matcher(models);
  const changed = new Set(operations);
  return ({ call, target, operation }) =>
    changed.has(operation) &&
    fitsUpstream(target.upstream.name) &&
    (!models || fitsModel(call.model ?? "") || fitsModel(target.model ?? ""));
}

function apply({ set = {}, remove = [], atLeast = {} }: Rule, body: Fields): Fields {
  const left = remove.length === 0 ? body : Object.fromEntries(entriesWithout(body, remove));
  const merged = merge(left, set);
  const raised = Object.entries(atLeast).flatMap(([name, least]) => {
    const value = merged[name];
    return typeof value === "number" && value >= least ? [] : [[name, least] as const];
  });
  return raised.length === 0 ? merged : { ...merged, ...Object.fromEntries(raised) };
}

function entriesWithout(body: Fields, names: readonly string[]): [string, unknown][] {
  return Object.entries(body).filter(([name]) => !names.includes(name));
}

function merge(below: Fields, above: Fields): Fields {
  const merged = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const former = merged[name];
    merged[name] = isFields(former) && isFields(value) ? merge(former, value) : value;
  }
  return merged;
}
