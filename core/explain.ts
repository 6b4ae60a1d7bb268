import { CallState } from "./call-state.ts";
import { GatewayError } from "./errors.ts";
import { obstacleOf, reportOf } from "./gates.ts";
import { maskSecret } from "./mask.ts";
import type { GatewayContext } from "./context.ts";
import type { Gate, Obstacle, TargetReport } from "./gate.ts";
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
  /**
   * The targets in the order in which they are looked at; those that are tried have numbers. One that is passed over at
   * first and tried for want of others stands where it was looked at.
   */
  candidates: ExplainedTarget[];
  notes: string[];
}

export interface ExplainedTarget {
  /** Which it would be of those that are tried, from 1 on; missing where it is passed over. */
  order?: number;
  upstream: string;
  provider: string;
  baseURL: string;
  /** The upstream's own name of the model. */
  model?: string;
  /** Masked. */
  key?: string;
  region?: string;
  reason: string;
  /** Why it is passed over, or tried only for want of others. */
  obstacle?: Obstacle;
  /** What the gates know of it, by gate. */
  gates?: Record<string, TargetReport>;
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
  const looked = new Map<Target, Obstacle | undefined>();
  const call = new CallState(watching(generation.context, looked), {
    request,
    path,
    search: "",
    ip,
    match,
    inner: false,
  });
  const explanation: Explanation = { operation: call.operation, candidates: [], notes: [] };
  try {
    await generation.context.state.board.load?.();
    call.caller = await generation.authenticate?.(request, ip);
    if (call.caller) explanation.caller = call.caller.name;
    await call.inspect();
    checkCaller(call);
    await generation.routeOnly(call);
    pull(call, looked, (target) => {
      const made = describe(target, looked.get(target), call, generation.context);
      explanation.candidates.push(made);
      return made;
    });
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

function checkCaller({ caller, askedModel, prefix, endpoint, gateway }: CallState): void {
  if (prefix === undefined && endpoint?.accountWide && caller?.mayUseAnyModel === false) {
    throw new GatewayError("The key may use certain models only.", {
      status: 403,
      code: "model_not_allowed",
    });
  }
  if (
    askedModel !== undefined &&
    caller?.mayUseModel(askedModel) === false &&
    !caller.mayUseModel(gateway.meaningOf(askedModel).model)
  ) {
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

/** A gateway whose gates are watched: what they say of each target is noted, in the order in which they are asked. */
function watching(context: GatewayContext, looked: Map<Target, Obstacle | undefined>): GatewayContext {
  const gate: Gate = {
    name: "explain",
    check(target, _now, call) {
      const obstacle = obstacleOf(context.gates, target, call);
      looked.set(target, obstacle);
      return obstacle;
    },
  };
  return { ...context, gates: [gate] };
}

/** Tells the targets that the call would try, and those that it passes over. Throws where it may use none of them. */
function pull(
  call: CallState,
  looked: ReadonlyMap<Target, Obstacle | undefined>,
  tell: (target: Target) => ExplainedTarget,
): void {
  const told = new Map<Target, ExplainedTarget>();
  const tellOnce = (target: Target): ExplainedTarget => {
    const explained = told.get(target) ?? tell(target);
    told.set(target, explained);
    return explained;
  };
  const tellPassed = (): void => {
    for (const [target, obstacle] of looked) if (obstacle && told.size < listed) tellOnce(target);
  };
  try {
    for (let order = 1; order <= listed; order++) {
      const next = call.targets?.next();
      tellPassed();
      if (!next || next.done) break;
      tellOnce(next.value).order = order;
    }
  } finally {
    tellPassed();
  }
}

function describe(
  target: Target,
  obstacle: Obstacle | undefined,
  call: CallState,
  { gates: all, clock }: GatewayContext,
): ExplainedTarget {
  const { upstream, key, model, region } = target;
  const reason = call.candidates.find((candidate) => candidate.upstream === upstream)?.reason ?? "";
  const { name, provider, forwardURL } = upstream;
  const baseURL = call.prefix === undefined ? upstream.baseURL : forwardURL;
  const gates = reportOf(all, target, clock.now());
  return {
    upstream: name,
    provider: provider.name,
    baseURL,
    ...(model !== undefined && { model }),
    ...(key !== undefined && { key: maskSecret(key) }),
    ...(region !== undefined && { region }),
    reason,
    ...(obstacle && { obstacle: plain(obstacle) }),
    ...(Object.keys(gates).length > 0 && { gates }),
  };
}

/** Gates may hand out more than an obstacle is. */
function plain({ kind, reason, until }: Obstacle): Obstacle {
  return { kind, reason, ...(until !== undefined && { until }) };
}
