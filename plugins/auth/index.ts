import { ConfigError, definePlugin, wildcard } from "../../core/index.ts";
import { addressRule, createCaller, type KnownCaller } from "./callers.ts";
import { anonymousName, keyProblems } from "./keys.ts";
import { Keyring } from "./keyring.ts";
import { authOptions, type AuthOptions } from "./options.ts";
import { createKeyReader } from "./presented.ts";
import * as refusals from "./refusals.ts";
import type { Call, GatewayContext, Next } from "../../core/index.ts";

/** Who is calling, and may they: keys, addresses, prefixes and models. */
export default definePlugin({
  name: "auth",
  options: authOptions,
  async setup(options, gateway) {
    const problems = keyProblems(gateway.keys);
    if (problems.length > 0) throw new ConfigError(problems);
    const aliases = new Map(Object.entries(gateway.aliases));
    const ring = await Keyring.create(gateway.keys, aliases);
    const places = { headers: options.headers, query: options.queryKey };
    const reader = createKeyReader(places);
    const identify = createIdentify(options, gateway, ring, aliases);
    const guarded = options.allow !== undefined || options.deny !== undefined;
    const mayComeFrom = addressRule(options.allow, options.deny);
    const mayPass = options.unofferedModels ? isUnoffered : () => false;

    return {
      stage: "auth",
      // Not async: a key that was here before costs no promise of its own.
      middleware(call, next) {
        if (guarded && !mayComeFrom(call.ip)) return Promise.reject(refusals.addressDenied());
        const { headers } = call.request;
        const first = reader.first(headers);
        const caller = first === undefined ? undefined : ring.known(first);
        if (caller) return admit(call, next, caller, mayPass);
        return identify(reader.all(headers, call.search)).then((caller) =>
          admit(call, next, caller, mayPass),
        );
      },
      async authenticator(request, ip) {
        if (guarded && !mayComeFrom(ip)) throw refusals.addressDenied();
        const caller = await identify(reader.all(request.headers, new URL(request.url).search));
        checkKey(caller, ip, gateway.clock.now());
        return caller;
      },
      credentials: places,
    };
  },
});

/** Makes the function that finds the caller of the keys that a request brought; rejects with a 401. */
function createIdentify(
  options: AuthOptions,
  gateway: GatewayContext,
  ring: Keyring,
  aliases: ReadonlyMap<string, string>,
): (keys: readonly string[]) => Promise<KnownCaller> {
  const { anonymous, passUnknownKeys } = options;
  const noKeys = gateway.keys.length === 0;
  const rights = typeof anonymous === "object" ? anonymous : {};
  const nobody = anonymous
    ? createCaller(anonymousName, { ...rights, role: anonymousName }, aliases)
    : undefined;
  const closed = noKeys && !nobody && !passUnknownKeys;
  if (closed) {
    gateway.log.warn(
      "No keys are configured, so every call will be refused. Add `keys`, or set the option `anonymous` of the plugin auth to let everyone in.",
    );
  }
  return async (keys) => {
    for (const key of keys) {
      const caller = await ring.verify(key);
      if (caller) return caller;
    }
    if (closed) throw refusals.noKeysConfigured();
    const [unknown] = keys;
    if (unknown === undefined) {
      if (nobody) return nobody;
      throw refusals.missingKey();
    }
    if (passUnknownKeys) return ring.own(unknown);
    if (nobody && (rights.unknownKeys ?? noKeys)) return nobody;
    throw refusals.invalidKey();
  };
}

function checkKey(caller: KnownCaller, ip: string, now: number): void {
  if (now >= caller.expires) throw refusals.expiredKey();
  if (!caller.mayComeFrom(ip)) throw refusals.addressDenied();
}

/** Whether a model may pass that a caller's rules do not name. */
type MayPass = (call: Call, model: string) => boolean;

/** Under a prefix a call goes to the upstream whatever its model. */
function isUnoffered({ gateway, prefix }: Call, model: string): boolean {
  if (prefix !== undefined) return false;
  const { model: meant } = gateway.meaningOf(model);
  return !gateway.upstreams.some(({ models }) => models.some(({ name }) => wildcard(name)(meant)));
}

function admit(call: Call, next: Next, caller: KnownCaller, mayPass: MayPass): Promise<Response> {
  call.caller = caller;
  return caller.free ? next() : admitByRules(call, next, caller, mayPass);
}

/** Checks from the cheapest on; the body is read last, and only for keys with a rule on models. */
async function admitByRules(
  call: Call,
  next: Next,
  caller: KnownCaller,
  mayPass: MayPass,
): Promise<Response> {
  checkKey(caller, call.ip, call.startedAt);
  if (call.prefix !== undefined && caller.hasPrefixRule && !caller.mayUsePrefix(call.prefix)) {
    throw refusals.prefixNotAllowed(call.prefix);
  }
  if (caller.hasModelRule) {
    await call.inspect();
    checkModel(call, caller, mayPass);
  }
  return next();
}

/**
 * A forwarded call whose model cannot be read is refused to a key with a rule on models: with an unusual
 * spelling of a path, or over a WebSocket, it could otherwise reach any model. In the gateway's own API a
 * call goes nowhere without a model, and those who find one for it ask the caller's rule themselves; what
 * an upstream keeps for all callers, batches say, reaches any model there.
 */
function checkModel(call: Call, caller: KnownCaller, mayPass: MayPass): void {
  const model = call.askedModel ?? call.model;
  if (model !== undefined) {
    const { model: meant } = call.gateway.meaningOf(model);
    const may = caller.mayUseModel(model) || caller.mayUseModel(meant) || mayPass(call, model);
    if (!may) throw refusals.modelNotAllowed(model);
  } else if (!caller.mayUseAnyModel && couldReachAny(call)) {
    throw refusals.modelUnknown();
  }
}

function couldReachAny(call: Call): boolean {
  return call.prefix === undefined ? call.endpoint?.accountWide === true : !isReading(call);
}

function isReading({ method, request }: Call): boolean {
  return (method === "GET" || method === "HEAD") && !request.headers.has("upgrade");
}
