import * as v from "valibot";
import { definePlugin, matcher, targetOf } from "../../core/index.ts";
import type { Upstream } from "../../core/index.ts";

const map = v.strictObject({
  baseURL: v.pipe(
    v.string(),
    v.url(),
    v.description("The server that has the models; paths behind a prefix are appended to it as they are."),
  ),
  models: v.pipe(
    v.record(v.string(), v.string()),
    v.description("The server's name of a model, by the name that is asked for."),
  ),
  prefixes: v.optional(
    v.pipe(
      v.array(v.string()),
      v.description("Route prefixes under which it holds; `*` and `!` as in `keys`. Default all."),
    ),
  ),
});

const options = v.strictObject({
  maps: v.pipe(
    v.array(map),
    v.description("Servers and the models they take over. The first that has a model takes it."),
  ),
});

/** One server, ready to be asked. */
interface Taker {
  forwardURL: string;
  models: ReadonlyMap<string, string>;
  matchesPrefix: (prefix: string) => boolean;
}

/**
 * Sends forwarded calls for some models to another server, under its names for them, while the rest of what
 * comes under the same prefix goes where it went. Only bodies whose model the gateway reads can be told apart.
 */
export default definePlugin({
  name: "model-map",
  options,
  setup({ maps }) {
    const takers: Taker[] = maps.map(({ baseURL, models, prefixes }) => ({
      forwardURL: baseURL.replace(/\/+$/, ""),
      models: new Map(Object.entries(models)),
      matchesPrefix: matcher(prefixes?.map((prefix) => (prefix === "/" ? "" : prefix))),
    }));
    const others = new WeakMap<Upstream, Map<Taker, Upstream>>();

    /** The upstream as it would be at another server: it has no keys there, and is reached without the proxy. */
    function at(taker: Taker, upstream: Upstream): Upstream {
      const known = others.get(upstream) ?? new Map<Taker, Upstream>();
      others.set(upstream, known);
      const { forwardURL } = taker;
      const moved = known.get(taker) ?? {
        ...upstream,
        baseURL: forwardURL,
        forwardURL,
        keys: [],
        proxy: undefined,
      };
      known.set(taker, moved);
      return moved;
    }

    return {
      stage: "attempt",
      middleware(call, next) {
        const { model, prefix, target } = call;
        if (model === undefined || prefix === undefined || !target) return next();
        for (const taker of takers) {
          const name = taker.matchesPrefix(prefix) ? taker.models.get(model) : undefined;
          if (name === undefined) continue;
          call.target = targetOf(at(taker, target.upstream), 0, name, undefined);
          break;
        }
        return next();
      },
    };
  },
});
