import { GatewayError, isFields, serves, wildcard } from "../../../core/index.ts";
import { isGenerate, ollama } from "./fields.ts";
import { renderShow, renderVersion } from "./models.ts";
import type { Call, Fields, GatewayContext, Middleware, Upstream } from "../../../core/index.ts";

/**
 * Answers what clients ask an Ollama server for beside chats: its version, what a model is, to load or unload one.
 * What an Ollama behind the gateway can say itself is left to it.
 */
export function answersHere(gateway: GatewayContext): Middleware {
  return (call, next) => {
    if (call.prefix !== undefined) return next();
    if (call.protocol?.name !== ollama) return isHeartbeat(call) ? respond("") : next();
    if (call.operation === "version") return respond(renderVersion());
    if (call.operation !== "show" && call.operation !== "chat") return next();
    return call.facts ? answer(call, next, gateway) : call.inspect().then(() => answer(call, next, gateway));
  };
}

/** `HEAD /`: some clients look whether there is a server before they speak to it. */
function isHeartbeat({ method, path, operation }: Call): boolean {
  return method === "HEAD" && path === "/" && operation === "unknown";
}

function answer(call: Call, next: () => Promise<Response>, gateway: GatewayContext): Promise<Response> {
  const isShow = call.operation === "show";
  const body = isFields(call.json) ? call.json : {};
  if (!isShow && asksSomething(call, body)) return next();
  const model = call.model ?? "";
  const offering = upstreamsOf(call, gateway.aliases[model] ?? model, gateway);
  const isNative = offering.some(([upstream, name]) => speaksOllama(call, upstream, name, gateway));
  const [first] = offering;
  if (isNative) return next();
  if (!first) {
    const refusal = { status: 404, code: "model_not_found", param: "model" };
    return Promise.reject(new GatewayError(`model '${model}' not found`, refusal));
  }
  return respond(isShow ? renderShow(first[0].name) : renderLoaded(call, body));
}

/** False for a call without a prompt: it loads the model, or unloads it. */
function asksSomething({ endpoint }: Call, { messages, prompt, images }: Fields): boolean {
  if (endpoint && isGenerate(endpoint))
    return Boolean(prompt) || (Array.isArray(images) && images.length > 0);
  return !Array.isArray(messages) || messages.length > 0;
}

/** The upstreams that offer a model to the caller, with its name there. */
function upstreamsOf({ caller }: Call, model: string, { upstreams }: GatewayContext): [Upstream, string][] {
  return upstreams.flatMap((upstream): [Upstream, string][] => {
    if (caller?.mayUseUpstream(upstream.name) === false) return [];
    const offer = upstream.models.find(({ name }) => name === model || wildcard(name)(model));
    return offer ? [[upstream, offer.upstreamName ?? model]] : [];
  });
}

function speaksOllama(call: Call, upstream: Upstream, model: string, { protocols }: GatewayContext): boolean {
  const { protocol, operation } = call;
  const spoken = [upstream.provider.protocols[operation] ?? []].flat();
  return spoken.includes(ollama) && serves({ protocol, operation }, upstream, model, protocols);
}

/** There is nothing to load or unload: the answer is that it is done. */
function renderLoaded({ startedAt, endpoint, askedModel }: Call, body: Fields): string {
  const { keep_alive } = body;
  const said =
    endpoint && isGenerate(endpoint) ? { response: "" } : { message: { role: "assistant", content: "" } };
  const done_reason = keep_alive === 0 || keep_alive === "0" ? "unload" : "load";
  return JSON.stringify({
    model: askedModel,
    created_at: new Date(startedAt).toISOString(),
    ...said,
    done: true,
    done_reason,
  });
}

function respond(body: string): Promise<Response> {
  const headers = { "content-type": body ? "application/json; charset=utf-8" : "text/plain; charset=utf-8" };
  return Promise.resolve(new Response(body || null, { headers }));
}
