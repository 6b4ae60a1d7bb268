import * as runtime from "#runtime";
import { HookableCore } from "hookable";
import { addressMatcher } from "./address.ts";
import { refusalOf } from "./admission.ts";
import { renderError } from "./answer.ts";
import { givenUp, onClientLeft, stopping, tooLong } from "./call-ends.ts";
import { CallState } from "./call-state.ts";
import { clientAddress } from "./client-address.ts";
import { systemClock } from "./clock.ts";
import { credentialHeaders, requireAdmin } from "./credentials.ts";
import { resolveServer } from "./defaults.ts";
import { emit } from "./emit.ts";
import { addEndpoints, routeFilter } from "./endpoints.ts";
import { GatewayError } from "./errors.ts";
import { explain } from "./explain.ts";
import { createGeneration } from "./generation.ts";
import { createLog } from "./log.ts";
import { rememberMeanings } from "./meaning.ts";
import { Roster } from "./roster.ts";
import { createState, stateKey } from "./state/index.ts";
import { network } from "./world.ts";
import type { Caller, Outcome } from "./call.ts";
import type { Arrival } from "./call-state.ts";
import type { Clock } from "./clock.ts";
import type { GatewayConfig } from "./config.ts";
import type { GatewayContext, GatewayHooks, InnerCall, Log } from "./context.ts";
import type { Explanation, ExplainQuery } from "./explain.ts";
import type { ContextParts, Generation } from "./generation.ts";
import type { Pipeline } from "./pipeline.ts";
import type { State, StateEvents, StateOptions } from "./state/index.ts";
import type { World } from "./world.ts";

export interface GatewayOptions {
  /** Where the gateway speaks to whoever runs it. Default: stderr. */
  log?: Log;
  /** Default: the machine's. */
  clock?: Clock;
  /** Reads the configuration again, for `POST /reload_config`. Without it, that endpoint answers 501. */
  onReloadRequest?: () => Promise<void>;
}

/** A running gateway. */
export interface Gateway {
  /** Answers a request. A web-standard handler: give it to any server, or mount it into an h3 app. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Takes over a new configuration. Rejects with a ConfigError, and then the old one runs on. */
  reload(config: GatewayConfig): Promise<void>;
  /** Refuses new calls, waits up to `timeout` ms for those in flight, ends the rest, and flushes. */
  close(timeout?: number): Promise<void>;
  /** Which targets a call would try, in which order and why. Sends nothing. */
  explain(query: ExplainQuery): Promise<Explanation>;
  /** Stages and plugin names, in order. */
  readonly layers: readonly { stage: string; plugin: string }[];
  readonly context: GatewayContext;
  /** Calls that have not ended. */
  readonly inFlight: number;
}

/** Starts a gateway. Rejects with a ConfigError that holds every mistake. */
export async function createGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const gateway = new GatewayCore(options);
  await gateway.reload(config);
  return gateway;
}

/** A gateway whose calls come from whoever has it, and not over the network. */
export interface StagedGateway extends Gateway {
  /** Makes a call and sees it to its end. Never rejects. */
  run(make: (generation: Generation) => CallState): Promise<Response>;
}

/** Starts a gateway in a world of its own. Rejects with a ConfigError that holds every mistake. */
export async function stageGateway(
  config: GatewayConfig,
  options: GatewayOptions,
  world: World,
): Promise<StagedGateway> {
  const gateway = new GatewayCore(options, world);
  await gateway.reload(config);
  return gateway;
}

class GatewayCore implements StagedGateway {
  readonly #log: Log;
  readonly #hooks = new HookableCore<GatewayHooks>();
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #world: World;
  readonly #calls = new Roster<CallState>();
  /** Work that goes on after the last byte: settling, logging. */
  readonly #settling = new Set<Promise<unknown>>();
  #generation!: Generation;
  #state: { key: string; state: State } | undefined;
  #isTrusted: (ip: string) => boolean = () => false;
  #closing = false;
  #onIdle: (() => void) | undefined;

  constructor(options: GatewayOptions, world: World = network) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#world = world;
    this.#log = options.log ?? createLog();
    this.fetch = this.fetch.bind(this);
  }

  get context(): GatewayContext {
    return this.#generation.context;
  }

  get layers(): readonly { stage: string; plugin: string }[] {
    return this.#generation.layers;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  // Not async, nor is what it calls up to the pipeline: each promise around a promise costs as much as a plugin.
  fetch(request: Request): Promise<Response> {
    const generation = this.#generation;
    const target = runtime.rawTarget(request);
    // Ahead of the gateway's own endpoints too: h3 tidies a path up before it looks for a route.
    const refusal = refusalOf(request, target);
    return !refusal && generation.hasRoute(target)
      ? Promise.resolve(generation.app.fetch(request))
      : this.#handle(generation, request, target, refusal);
  }

  async reload(config: GatewayConfig): Promise<void> {
    const server = resolveServer(config.server);
    const isTrusted = server.trustProxy.length > 0 ? addressMatcher(server.trustProxy) : () => false;
    const previousState = this.#state;
    const state = await this.#openState(config.state);
    const generation = await this.#build(config, server, state.state).catch(async (error: unknown) => {
      if (state !== previousState) await state.state.close();
      throw error;
    });
    const previous = this.#generation as Generation | undefined;
    this.#state = state;
    this.#isTrusted = isTrusted;
    this.#generation = generation;
    if (previous) this.#retire(previous, state === previousState ? undefined : previousState?.state);
  }

  async close(timeout = this.#generation.context.server.shutdownTimeout): Promise<void> {
    this.#closing = true;
    if (this.#calls.size > 0) await this.#idleWithin(timeout);
    for (const call of this.#calls) call.canceller.cancel(stopping());
    if (this.#calls.size > 0) await this.#idleWithin(1000);
    await Promise.allSettled(this.#settling);
    await this.#generation.close();
    await this.#state?.state.close();
    await runtime.closeConnections();
  }

  run(make: (generation: Generation) => CallState): Promise<Response> {
    const generation = this.#generation;
    return this.#run(generation, make(generation), generation.pipeline);
  }

  explain(query: ExplainQuery): Promise<Explanation> {
    return explain(this.#generation, query);
  }

  async #openState(options: StateOptions = {}): Promise<{ key: string; state: State }> {
    const key = stateKey(options);
    if (this.#state?.key === key) return this.#state;
    const events: StateEvents = {
      onLost: (error) => {
        this.#log.warn(
          `State is out of reach (${error.message}): limits are kept in this process until it returns.`,
        );
        void emit({ hooks: this.#hooks, log: this.#log }, "state:lost", error);
      },
      onRestored: () => {
        this.#log.info("State is back: limits are shared again.");
        void emit({ hooks: this.#hooks, log: this.#log }, "state:restored");
      },
      onWarning: (message) => this.#log.warn(`State: ${message}.`),
    };
    const state = await createState(options, events, this.#clock);
    return { key, state };
  }

  async #build(config: GatewayConfig, server: GatewayContext["server"], state: State): Promise<Generation> {
    const gathered: ContextParts = {
      providers: new Map(),
      protocols: new Map(),
      strategies: new Map(),
      gates: [],
      adapters: [],
      upstreams: [],
      credentials: { headers: new Set(credentialHeaders), query: false },
    };
    const { aliases = {} } = config;
    const meanings = rememberMeanings({ aliases, upstreams: gathered.upstreams, hooks: this.#hooks });
    const context: GatewayContext = {
      server,
      keys: config.keys ?? [],
      aliases,
      ...gathered,
      meaningOf: meanings.of,
      watch: (given) => {
        const gate = this.#world.gate(given);
        if (!gathered.gates.includes(gate)) gathered.gates.push(gate);
      },
      state,
      hooks: this.#hooks,
      log: this.#log,
      clock: this.#clock,
      reload: () => this.#reloadOnRequest(),
      dispatch: (inner) => this.#dispatch(generation, inner),
      authenticate: (request) => authenticate(generation, request, clientAddress(request, this.#isTrusted)),
    };
    const generation: Generation = await createGeneration(
      config,
      context,
      gathered,
      this.#world,
      meanings.close,
    );
    addEndpoints(generation.app, {
      ready: () => !this.#closing,
      stateHealthy: () => state.healthy(),
      reload: async (request) => {
        requireAdmin(await context.authenticate(request));
        await context.reload();
      },
    });
    generation.hasRoute = routeFilter(generation.app);
    // Whatever is no endpoint of ours is a call.
    generation.app.use((event, next) => {
      if (event.context.matchedRoute) return next();
      const request = event.req as Request;
      return this.#handle(generation, request, runtime.rawTarget(request));
    });
    return generation;
  }

  async #reloadOnRequest(): Promise<void> {
    if (!this.#options.onReloadRequest) {
      throw new GatewayError("This gateway's configuration cannot be read again.", {
        status: 501,
        code: "reload_unavailable",
      });
    }
    await this.#options.onReloadRequest();
  }

  /** Closes a generation once its last call ended. */
  #retire(generation: Generation, state: State | undefined): void {
    const close = async (): Promise<void> => {
      await generation.close();
      await state?.close();
    };
    const finish = (): void => {
      if (generation.inFlight > 0) return;
      generation.onIdle = undefined;
      this.#track(close().catch((error: unknown) => this.#log.error("A plugin failed to close.", error)));
    };
    generation.onIdle = finish;
    finish();
  }

  /** @param target Path and query as they came over the wire. */
  #handle(
    generation: Generation,
    request: Request,
    target: string,
    refusal?: GatewayError,
  ): Promise<Response> {
    const queryAt = target.indexOf("?");
    const path = queryAt < 0 ? target : target.slice(0, queryAt);
    const arrival: Arrival = {
      request,
      path,
      search: queryAt < 0 ? "" : target.slice(queryAt),
      ip: clientAddress(request, this.#isTrusted),
      match: refusal ? undefined : generation.router(request.method, path, request.headers),
      inner: false,
    };
    const call = new CallState(generation.context, arrival);
    call.error = this.#closing ? stopping() : refusal;
    runtime.watchClient(request, () => onClientLeft(call));
    return this.#run(generation, call, call.error ? generation.refusal : generation.pipeline);
  }

  /** Runs a call and sees it to its end. Never rejects. */
  async #run(generation: Generation, call: CallState, pipeline: Pipeline): Promise<Response> {
    generation.inFlight++;
    this.#calls.add(call);
    const { total } = generation.context.server.timeouts;
    const timer = total > 0 ? this.#clock.after(total, () => call.canceller.cancel(tooLong())) : undefined;
    void emit(generation.context, "call:start", call);
    let response: Response;
    try {
      response = await pipeline(call);
    } catch (error) {
      response = this.#refuse(call, error);
    }
    return this.#world.deliver(call, response, (outcome) => {
      timer?.();
      this.#finish(generation, call, outcome);
    });
  }

  #refuse(call: CallState, error: unknown): Response {
    const reason = call.canceller.cancelled ? call.canceller.reason : error;
    call.error = GatewayError.from(reason);
    // Deno's server cuts off request bodies when it stops: then it was not the client that left.
    if (this.#closing && call.error.code === "client_gone" && !call.clientLeft) call.error = stopping();
    if (call.error.status === 500) this.#log.error(`Call ${call.id} failed.`, call.error.cause);
    return renderError(call, call.error);
  }

  #finish(generation: Generation, call: CallState, outcome: Outcome): void {
    const gone = call.clientLeft || call.error?.code === "client_gone";
    call.outcome = gone ? { ...outcome, status: 499, result: "client-gone" } : outcome;
    for (const listener of call.finishListeners) this.#settle(listener, call.outcome);
    const emitted = emit(generation.context, "call:finish", call, call.outcome);
    if (emitted) this.#track(emitted);
    this.#calls.delete(call);
    generation.inFlight--;
    if (generation.inFlight === 0) generation.onIdle?.();
    if (this.#calls.size === 0) this.#onIdle?.();
  }

  /** Runs what comes after a call: its failures are told, its promises waited for at the stop. */
  #settle(work: (outcome: Outcome) => void | Promise<void>, outcome: Outcome): void {
    try {
      const pending = work(outcome);
      if (pending)
        this.#track(pending.catch((error: unknown) => this.#log.error("Settling a call failed.", error)));
    } catch (error) {
      this.#log.error("Settling a call failed.", error);
    }
  }

  #track(pending: Promise<unknown>): void {
    this.#settling.add(pending);
    void pending.finally(() => this.#settling.delete(pending));
  }

  async #dispatch(generation: Generation, inner: InnerCall): Promise<Response> {
    const request = new Request(`http://gateway${inner.path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(inner.body),
      ...(inner.signal && { signal: inner.signal }),
    });
    const match = generation.router("POST", inner.path);
    const call = new CallState(generation.context, {
      request,
      path: inner.path,
      search: "",
      ip: "",
      match: match?.prefix === undefined ? match : undefined,
      inner: true,
    });
    inner.signal?.addEventListener("abort", () => call.canceller.cancel(givenUp()), { once: true });
    call.caller = inner.caller;
    await call.inspect();
    const response = await this.#run(generation, call, generation.innerPipeline);
    if (call.error) throw call.error;
    return response;
  }

  #idleWithin(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Who sent a request to an endpoint of the gateway's own. Rejects with a GatewayError. */
async function authenticate(generation: Generation, request: Request, ip: string): Promise<Caller> {
  if (!generation.authenticate) {
    throw new GatewayError("Without the plugin auth nobody is an admin.", {
      status: 403,
      code: "admin_required",
    });
  }
  return generation.authenticate(request, ip);
}
