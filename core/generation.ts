import { H3 } from "h3";
import * as v from "valibot";
import { renderError } from "./answer.ts";
import { ConfigError } from "./config-error.ts";
import { GatewayError, noUpstream } from "./errors.ts";
import { createDiscovery } from "./discovery.ts";
import { issuesToProblems } from "./issues.ts";
import { compose } from "./pipeline.ts";
import { createRouter } from "./router.ts";
import { send } from "./send.ts";
import { resolveUpstreams } from "./upstreams.ts";
import type { HTTPError } from "h3";
import type { CallState } from "./call-state.ts";
import type { ConfigProblem } from "./config-error.ts";
import type { GatewayConfig, PluginEntry } from "./config.ts";
import type { GatewayContext } from "./context.ts";
import type { Gate } from "./gate.ts";
import type { Layer, Pipeline } from "./pipeline.ts";
import type { BodyAdapter, Next, PluginParts } from "./plugin.ts";
import type { Protocol } from "./protocol.ts";
import type { Provider } from "./provider.ts";
import type { Router } from "./router.ts";
import type { Strategy } from "./strategy.ts";
import type { Upstream } from "./upstream.ts";
import type { World } from "./world.ts";

/** What one configuration became: built beside the running one, then put in its place. */
export interface Generation {
  readonly context: GatewayContext;
  readonly app: H3;
  /** Whether `app` may have a route for a path (the query may follow it). */
  hasRoute: (target: string) => boolean;
  readonly router: Router;
  /** The pipeline whole. */
  readonly pipeline: Pipeline;
  /** From `route` on, for the gateway's own calls. */
  readonly innerPipeline: Pipeline;
  /** Only the `log` stage around the call's refusal, for requests that are no calls. */
  readonly refusal: Pipeline;
  /** Only the `route` stage, for `explain`. */
  readonly routeOnly: (call: CallState) => Promise<void>;
  readonly authenticate: NonNullable<PluginParts["authenticator"]> | undefined;
  /** Stages and plugin names, in order. */
  readonly layers: readonly { stage: string; plugin: string }[];
  /** Calls that began on it and have not ended. */
  inFlight: number;
  /** Called whenever the last of them ended. */
  onIdle?: (() => void) | undefined;
  /** Frees the plugins. */
  close(): Promise<void>;
}

/** Where the parts of a context are gathered while plugins are set up. */
export interface ContextParts {
  providers: Map<string, Provider>;
  protocols: Map<string, Protocol>;
  strategies: Map<string, Strategy>;
  gates: Gate[];
  adapters: BodyAdapter[];
  upstreams: Upstream[];
  credentials: { headers: Set<string>; query: boolean };
}

interface Installed {
  name: string;
  parts: PluginParts;
}

/** Sets up every plugin of a configuration. Throws a ConfigError with all its mistakes; then nothing is left open. */
export async function createGeneration(
  config: GatewayConfig,
  context: GatewayContext,
  gathered: ContextParts,
  world: World,
  closeContext: () => void,
): Promise<Generation> {
  const problems: ConfigProblem[] = [];
  const installed = await installAll(config.plugins, context, gathered, problems);
  const closeAll = async (): Promise<void> => {
    closeContext();
    for (const { parts } of installed.toReversed()) await parts.close?.();
  };
  try {
    const { timeouts } = context.server;
    gathered.upstreams.push(...resolveUpstreams(config.upstreams, gathered.providers, timeouts, problems));
    if (problems.length > 0) throw new ConfigError(problems);
    for (const { parts } of installed) await parts.ready?.();
    const discovery = createDiscovery(context);
    await discovery.start();
    return assemble(context, gathered, installed, world, () => {
      discovery.close();
      return closeAll();
    });
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function installAll(
  entries: readonly PluginEntry[],
  context: GatewayContext,
  gathered: ContextParts,
  problems: ConfigProblem[],
): Promise<Installed[]> {
  const installed: Installed[] = [];
  for (const entry of entries) {
    const parts = await install(entry, context, problems);
    if (!parts) continue;
    if (parts.middleware && !parts.stage) {
      const found = `plugin ${entry.plugin.name} with a middleware and no stage`;
      problems.push({ path: entry.path, found, expected: "a stage for its middleware" });
    }
    for (const provider of [parts.provider ?? []].flat()) gathered.providers.set(provider.name, provider);
    for (const protocol of [parts.protocol ?? []].flat()) gathered.protocols.set(protocol.name, protocol);
    for (const strategy of [parts.strategy ?? []].flat()) gathered.strategies.set(strategy.name, strategy);
    if (parts.gate) context.watch(parts.gate);
    if (parts.adapt) gathered.adapters.push(parts.adapt);
    for (const name of parts.credentials?.headers ?? []) gathered.credentials.headers.add(name);
    if (parts.credentials?.query) gathered.credentials.query = true;
    installed.push({ name: entry.plugin.name, parts });
  }
  return installed;
}

async function install(
  { plugin, options, path }: PluginEntry,
  context: GatewayContext,
  problems: ConfigProblem[],
): Promise<PluginParts | undefined> {
  const given = options ?? {};
  if (!plugin.options && Object.keys(given).length > 0) {
    problems.push({ path, found: "options", expected: `no options: plugin ${plugin.name} has none` });
    return undefined;
  }
  const checked = plugin.options ? v.safeParse(plugin.options, given) : undefined;
  if (checked && !checked.success) {
    problems.push(...issuesToProblems(checked.issues, path));
    return undefined;
  }
  try {
    return await plugin.setup(checked?.output, context);
  } catch (error) {
    if (error instanceof ConfigError) problems.push(...error.problems);
    else problems.push({ path, found: message(error), expected: `plugin ${plugin.name} to start` });
    return undefined;
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a route of a plugin threw. What h3 makes of its own HTTPErrors is left as it is. */
function renderRouteError({ unhandled, cause }: HTTPError, { log }: GatewayContext): Response | undefined {
  if (!unhandled) return undefined;
  const error = GatewayError.from(cause);
  if (error.status === 500) log.error("A route of a plugin failed.", error.cause);
  return renderError(undefined, error);
}

function otherPaths(installed: readonly Installed[]): Map<string, string> {
  return new Map(installed.flatMap(({ parts }) => Object.entries(parts.paths ?? {})));
}

/** Stands last in the stage `auth`, whichever place its plugin has. */
function preparing({ prepare }: PluginParts): Layer[] {
  if (!prepare) return [];
  return [
    {
      stage: "auth",
      middleware(call, next) {
        const pending = prepare(call);
        return pending ? afterwards(pending, next) : next();
      },
    },
  ];
}

async function afterwards(pending: Promise<void>, next: Next): Promise<Response> {
  await pending;
  return next();
}

function assemble(
  context: GatewayContext,
  gathered: ContextParts,
  installed: readonly Installed[],
  world: World,
  close: () => Promise<void>,
): Generation {
  const layers: (Layer & { plugin: string })[] = [];
  for (const { name, parts } of installed) {
    const { middleware, stage } = parts;
    if (middleware && stage) layers.push({ stage, middleware, plugin: name });
  }
  // Without `retry`, or before its first try, the first target is the one.
  const first: Layer = {
    stage: "retry",
    middleware: (call, next) => {
      call.target ??= call.targets?.next().value;
      return call.target ? next() : Promise.reject(noUpstream());
    },
  };
  const prepares = installed.flatMap(({ parts }) => preparing(parts));
  const whole = [...layers.filter(({ stage }) => !world.without.includes(stage)), ...prepares, first];
  // Core makes every call itself, so that each is a CallState.
  const last: Pipeline = (call) => send(call as CallState, world.exchange);
  const routing = compose(
    layers.filter((layer) => layer.stage === "route"),
    () => Promise.resolve(new Response(null, { status: 204 })),
  );
  const app = new H3({ silent: true, onError: (error) => renderRouteError(error, context) });
  for (const { parts } of installed) parts.routes?.(app);
  return {
    context,
    app,
    hasRoute: () => true,
    router: createRouter(gathered.upstreams, gathered.protocols, otherPaths(installed)),
    pipeline: compose(whole, last),
    innerPipeline: compose(whole, last, "route"),
    refusal: compose(
      layers.filter((layer) => layer.stage === "log"),
      (call) => Promise.reject((call as CallState).error ?? noUpstream()),
    ),
    routeOnly: async (call) => void (await routing(call)),
    authenticate: installed.map(({ parts }) => parts.authenticator).find(Boolean),
    layers: layers.map(({ stage, plugin }) => ({ stage, plugin })),
    inFlight: 0,
    close,
  };
}
