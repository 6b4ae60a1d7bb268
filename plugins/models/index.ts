import * as v from "valibot";
import { definePlugin, GatewayError, ruleMatcher } from "../../core/index.ts";
import type { Call, Caller, ListedModel } from "../../core/index.ts";

/** Answers the protocols' lists of models, and single ones: what the upstreams offer and the caller may use. */
export default definePlugin({
  name: "models",
  options: v.strictObject({
    ownedBy: v.pipe(
      v.optional(v.string()),
      v.description("Who owns the models, by their lists. Default: the upstream that offers one first."),
    ),
  }),
  setup({ ownedBy: owner }, gateway) {
    return {
      stage: "route",
      middleware(call, next) {
        if (call.operation !== "models" || call.prefix !== undefined) return next();
        const body = answerOf(call);
        if (body === undefined) return next();
        return Promise.resolve(new Response(body, { headers: { "content-type": "application/json" } }));
      },
    };

    function answerOf(call: Call): string | undefined {
      const { protocol } = call;
      const asked = askedModel(call);
      if (asked === undefined) return protocol?.renderModels?.(listModels(call));
      if (!protocol?.renderModel) return undefined;
      const model = listModels(call).find(({ id }) => id === asked);
      // One that the caller may not use is not there for it.
      if (!model) throw unknownModel(asked);
      return protocol.renderModel(model);
    }

    function listModels({ caller }: Call): ListedModel[] {
      const owners = new Map<string, string>();
      const isServed = servedTo(caller);
      for (const upstream of gateway.upstreams) {
        if (caller?.mayUseUpstream(upstream.name) === false) continue;
        for (const { name } of upstream.models) {
          if (!owners.has(name) && isServed(upstream.name, name)) owners.set(name, upstream.name);
        }
      }
      for (const [alias, model] of Object.entries(gateway.aliases)) {
        const owner = owners.get(model);
        if (owner !== undefined && !owners.has(alias)) owners.set(alias, owner);
      }
      const shown = [...owners].filter(([id]) => !id.includes("*") && caller?.mayUseModel(id) !== false);
      return shown.map(([id, upstream]) => ({ id, ownedBy: owner ?? upstream }));
    }
  },
});

/** Whether an upstream serves a model to a caller, by the caller's own rules. */
function servedTo(caller: Caller | undefined): (upstream: string, model: string) => boolean {
  if (!caller?.routes) return () => true;
  const rules = caller.routes.map(ruleMatcher);
  return (upstream, model) => rules.some((fits) => fits(upstream, model));
}

/** The model that stands in the path, where its endpoint has one there. */
function askedModel({ endpoint, rest }: Call): string | undefined {
  const at = endpoint?.path.indexOf("{") ?? -1;
  if (at < 0) return undefined;
  const name = rest.slice(at);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function unknownModel(model: string): GatewayError {
  return new GatewayError(`The model ${model} does not exist, or this key may not use it.`, {
    status: 404,
    code: "model_not_found",
    param: "model",
  });
}
