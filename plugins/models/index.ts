import { definePlugin } from "../../core/index.ts";
import type { Call, ListedModel } from "../../core/index.ts";

/** Answers the protocols' lists of models: what the upstreams offer and the caller may use. */
export default definePlugin({
  name: "models",
  setup(_options, gateway) {
    return {
      stage: "route",
      middleware(call, next) {
        const render = call.protocol?.renderModels;
        if (call.operation !== "models" || call.prefix !== undefined || !render) return next();
        const body = render(listModels(call));
        return Promise.resolve(new Response(body, { headers: { "content-type": "application/json" } }));
      },
    };

    function listModels({ caller }: Call): ListedModel[] {
      const owners = new Map<string, string>();
      for (const upstream of gateway.upstreams) {
        if (caller?.mayUseUpstream(upstream.name) === false) continue;
        for (const { name } of upstream.models) if (!owners.has(name)) owners.set(name, upstream.name);
      }
      for (const [alias, model] of Object.entries(gateway.aliases)) {
        const owner = owners.get(model);
        if (owner !== undefined && !owners.has(alias)) owners.set(alias, owner);
      }
      const shown = [...owners].filter(([id]) => !id.includes("*") && caller?.mayUseModel(id) !== false);
      return shown.map(([id, ownedBy]) => ({ id, ownedBy }));
    }
  },
});
