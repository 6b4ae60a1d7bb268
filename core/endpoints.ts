import { ConfigError } from "./config-error.ts";
import { GatewayError } from "./errors.ts";
import { renderError } from "./answer.ts";
import type { H3 } from "h3";

interface EndpointSources {
  /** False once a stop was asked for. */
  ready(): boolean;
  stateHealthy(): boolean;
  /** Throws a GatewayError for who may not, a ConfigError for a bad configuration. */
  reload(request: Request): Promise<void>;
}

/**
 * Tells quickly whether an app may have a route for a path, by its first segment: nearly every request is a call,
 * and the app's own search costs a call as much as all limits together.
 */
export function routeFilter(app: H3): (target: string) => boolean {
  const firsts = app["~routes"].map(({ route = "**" }) => /^\/?([^/]*)/.exec(route)?.[1] ?? "");
  // What every path passes, or a first segment that is a pattern, leaves the decision to the app.
  if (app["~middleware"].length > 0 || firsts.some((first) => /[:*({]/.test(first))) return () => true;
  const known = new Set(firsts);
  return (target) => known.has(/^\/([^/?]*)/.exec(target)?.[1] ?? "");
}

/** Adds the gateway's own endpoints: `/healthz` (is it alive), `/readyz` (should it get calls), `POST /reload_config`. */
export function addEndpoints(app: H3, sources: EndpointSources): void {
  app.get("/healthz", () => Response.json({ status: "ok" }));
  app.get("/readyz", () => {
    const state = sources.stateHealthy() ? "ok" : "degraded";
    if (sources.ready()) return Response.json({ status: "ready", state });
    return Response.json({ status: "stopping", state }, { status: 503 });
  });
  app.post("/reload_config", async (event) => {
    try {
      await sources.reload(event.req as Request);
      return Response.json({ status: "reloaded" });
    } catch (error) {
      if (!(error instanceof ConfigError)) return renderError(undefined, GatewayError.from(error));
      const message = "The new configuration has mistakes; the old one runs on.";
      const problems = error.problems;
      return Response.json(
        { error: { message, type: "invalid_request_error", code: "invalid_config", problems } },
        { status: 400 },
      );
    }
  });
}
