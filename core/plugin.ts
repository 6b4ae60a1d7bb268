import type { GenericSchema, InferOutput } from "valibot";
import type { H3 } from "h3";
import type { Call, Caller } from "./call.ts";
import type { GatewayContext } from "./context.ts";
import type { Fields } from "./fields.ts";
import type { Gate } from "./gate.ts";
import type { CredentialPlaces } from "./credentials.ts";
import type { Stage } from "./pipeline.ts";
import type { Protocol } from "./protocol.ts";
import type { Attempted, Provider } from "./provider.ts";
import type { Strategy } from "./strategy.ts";

/**
 * Runs the rest of the pipeline. Called again, it makes another attempt; only `retry` and `continue` do that, and give
 * it a fork of the call where attempts run side by side.
 */
export type Next = (fork?: Call) => Promise<Response>;

/**
 * Changes the body that an attempt sends, in the protocol that its upstream speaks. Yields the body to send, or
 * undefined to leave it, and then bytes pass as they are; `body` itself must not be changed.
 */
export type BodyAdapter = (body: Fields, attempt: Attempted) => Fields | undefined;

/** One layer of the onion around a call. */
export type Middleware = (call: Call, next: Next) => Promise<Response>;

/** What a plugin adds. */
export interface PluginParts {
  /** Where the middleware stands; needed with `middleware`. */
  stage?: Stage;
  middleware?: Middleware;
  /**
   * Called once the caller is known, ahead of limits. What a call will need of shared state is asked for here, so that
   * the question travels along with those of limits. A promise is waited for; the gateway's own calls pass without.
   */
  prepare?: (call: Call) => void | Promise<void>;
  provider?: Provider | Provider[];
  protocol?: Protocol | Protocol[];
  strategy?: Strategy | Strategy[];
  /** Other paths under which an endpoint of the gateway's own API is found: that path → the endpoint's. */
  paths?: Readonly<Record<string, string>>;
  /** Changes JSON bodies on their way to upstreams, after their provider. */
  adapt?: BodyAdapter;
  /** Watches over targets; gates are asked in the order of the plugins. */
  gate?: Gate;
  /** Adds handlers of the gateway's own endpoints. They are matched before prefixes and protocols. */
  routes?: (app: H3) => void;
  /**
   * Tells who sent a request, for the gateway's own endpoints (see `requireAdmin`). `ip` is the client's
   * address, `""` when unknown. Throws, or rejects with, a GatewayError 401 or 403.
   */
  authenticator?: (request: Request, ip: string) => Caller | Promise<Caller>;
  /** Where this plugin finds callers' credentials beside `credentialHeaders`: core keeps them from upstreams. */
  credentials?: CredentialPlaces;
  /** Called once when all plugins are set up: `gateway.upstreams`, `providers` and `protocols` are complete then. */
  ready?: () => void | Promise<void>;
  /** Frees what `setup` took. Called after the last call that used it. */
  close?: () => void | Promise<void>;
}

/** A plugin: a name, the schema of its options, and what it adds to a gateway. */
export interface Plugin<S extends GenericSchema = GenericSchema> {
  readonly name: string;
  /** Built-in plugins that are added where a configuration lists this one and not them. */
  readonly needs?: readonly string[];
  /** valibot schema of the options; without one, options are a mistake. */
  readonly options?: S;
  setup(options: InferOutput<S>, gateway: GatewayContext): PluginParts | Promise<PluginParts>;
}

/** Identity function that gives a plugin its types: `options` in `setup` is what the schema yields. */
export function definePlugin<S extends GenericSchema>(plugin: Plugin<S>): Plugin<S> {
  return plugin;
}
