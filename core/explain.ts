import { CallState } from "./call-state.ts";
import { GatewayError } from "./errors.ts";
import { maskSecret } from "./mask.ts";
import type { Generation } from "./generation.ts";
import type { Target } from "./upstream.ts";

/** The call to be explained: by model, or by path, or both. */
export interface ExplainQuery {
  model?: string;
  /** Default: the first chat endpoint of any protocol. */
  path?: string;
  /** The key the call would come with. */
  key?: string;
  /** The address it would come from. Default: none that any list holds. */
  ip?: string;
}

/** What would happen to a call. */
export interface Explanation {
  /** Name of the key. */
  caller?: string;
  refused?: { status: number; code: string; message: string };
  operation: string;
  model?: string;
  /** The targets in the order in which they would be tried. */
  candidates: ExplainedTarget[];
  notes: string[];
}

export interface ExplainedTarget {
  order: number;
  upstream: string;
  provider: string;
  baseURL: string;
  /** The upstream's own name of the model. */
  model?: string;
  /** Masked. */
  key?: string;
  reason: string;
}

/** The most targets that an explanation lists. */
const listed = 100;

/** Runs the authentication and the `route` stage of a call that is never sent. */
export async function explain(generation: Generation, query: ExplainQuery): Promise<Explanation> {
  const path = query.path ?? chatPath(generation);
  const headers = new Headers({ "content-type": "application/json" });
  if (query.key !== undefined) headers.set("authorization", `Bearer ${query.key}`);
  const body = JSON.stringify({ model: query.model, messages: [] });
  const request = new Request(`http://gateway${path}`, { method: "POST", headers, body });
  const match = generation.router("POST", path);
  const { ip = "" } = query;
  const call = new CallState(generation.context, { request, path, search: "", ip, match, inner: false });
  const explanation: Explanation = { operation: call.operation, candidates: [], notes: [] };
  try {
    call.caller = await generation.authenticate?.(request, ip);
    if (call.caller) explanation.caller = call.caller.name;
    await call.inspect();
    checkCaller(call);
    await generation.routeOnly(call);
    explanation.candidates = listTargets(call);
  } catch (error) {
    const { status, code, message } = GatewayError.from(error);
    explanation.refused = { status, code, message };
  }
  const model = call.askedModel ?? query.model;
  if (model !== undefined) explanation.model = model;
  if (call.model !== call.askedModel)
    explanation.notes.push(`${call.askedModel} is an alias of ${call.model}`);
  return explanation;
}

function chatPath(generation: Generation): string {
  for (const protocol of generation.context.protocols.values()) {
    const chat = protocol.endpoints.find((endpoint) => endpoint.operation === "chat");
    if (chat) return chat.path;
  }
  return "/";
}

function checkCaller({ caller, askedModel, prefix, endpoint }: CallState): void {
  if (prefix === undefined && endpoint?.accountWide && caller?.mayUseAnyModel === false) {
    throw new GatewayError("The key may use certain models only.", {
      status: 403,
      code: "model_not_allowed",
    });
  }
  if (askedModel !== undefined && caller?.mayUseModel(askedModel) === false) {
    throw new GatewayError(`The key may not use the model ${askedModel}.`, {
      status: 403,
      code: "model_not_allowed",
    });
  }
  if (prefix !== undefined && caller?.mayUsePrefix(prefix) === false) {
    throw new GatewayError(`The key may not use the prefix ${prefix}.`, {
      status: 403,
      code: "prefix_not_allowed",
    });
  }
}

function listTargets(call: CallState): ExplainedTarget[] {
  const targets: ExplainedTarget[] = [];
  for (let order = 1; order <= listed; order++) {
    const next = call.targets?.next();
    if (!next || next.done) break;
    targets.push(describe(order, next.value, call));
  }
  return targets;
}

function describe(order: number, { upstream, key, model }: Target, call: CallState): ExplainedTarget {
  const reason = call.candidates.find((candidate) => candidate.upstream === upstream)?.reason ?? "";
  const { name, provider, forwardURL } = upstream;
  const baseURL = call.prefix === undefined ? upstream.baseURL : forwardURL;
  return {
    order,
    upstream: name,
    provider: provider.name,
    baseURL,
    ...(model !== undefined && { model }),
    ...(key !== undefined && { key: maskSecret(key) }),
    reason,
  };
}
