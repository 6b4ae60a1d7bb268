import { GatewayError } from "../errors.ts";
import { removeHeader, removeHeaders, setHeader } from "../headers.ts";
import { fitMedia } from "./media.ts";
import { recall } from "./reasoning-memory.ts";
import { endpointFor, fillPath } from "./endpoint.ts";
import { answerContext, anyCodec, clientContext, neutralRequest } from "./neutral-request.ts";
import { codecFor, spokenProtocol } from "./spoken.ts";
import { encodeRequest, respondJson } from "./translation.ts";
import type { AnswerFacts } from "../call.ts";
import type { CallState } from "../call-state.ts";
import type { ChatRequest } from "../chat.ts";
import type { TokenCount } from "../neutral.ts";
import type { Operation, Protocol } from "../protocol.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { Attempt, Target } from "../upstream.ts";
import type { Translation } from "./contexts.ts";

/**
 * How an attempt is translated: undefined where the client's own protocol is spoken, `here` where no upstream is asked.
 * Throws, or rejects with, a GatewayError: 400 for a request that is not of its protocol's shape, 501 where no translation leads there.
 * @param asUsual Leaves the provider no choice: a chat goes in the first of its protocols.
 */
export function translationFor(
  call: CallState,
  target: Target,
  asUsual: boolean,
): Promise<Translation> | "here" | undefined {
  const { protocol: client, prefix, operation } = call;
  if (prefix !== undefined || !client || !call.endpoint) return undefined;
  const upstream = spokenProtocol(call, target.upstream, target.model, call.gateway.protocols);
  // The rest of an answer is asked for in a request of our own.
  if (upstream === client && !call.continues) return undefined;
  if (upstream) return translate(call, target, client, upstream, asUsual);
  if (operation === "count-tokens") return "here";
  throw mismatch(client, target, operation);
}

function mismatch({ name }: Protocol, { upstream }: Target, operation: Operation): GatewayError {
  const message = `The upstream ${upstream.name} does not speak ${name} for ${operation}.`;
  return new GatewayError(message, { status: 501, code: "protocol_mismatch", param: "model" });
}

async function translate(
  call: CallState,
  target: Target,
  client: Protocol,
  upstream: Protocol,
  asUsual: boolean,
): Promise<Translation> {
  const usual = await translateTo(call, target, client, upstream);
  if (asUsual || call.operation !== "chat") return usual;
  const { provider } = target.upstream;
  const name = provider.chatProtocol?.(usual.request as ChatRequest, target);
  const other = name === undefined ? undefined : call.gateway.protocols.get(name);
  if (!other || other === upstream || !codecFor(other, call.operation)) return usual;
  const chosen = { ...(await translateTo(call, target, client, other)), chosen: true };
  return losesMore(call, chosen, usual) ? usual : chosen;
}

async function translateTo(
  call: CallState,
  target: Target,
  client: Protocol,
  upstream: Protocol,
): Promise<Translation> {
  const endpoint = endpointFor(upstream, call.operation, call.stream);
  if (!endpoint) throw mismatch(client, target, call.operation);
  const path = fillPath(endpoint, target.model ?? call.model ?? "");
  const read = await neutralRequest(call, client);
  const takes = { ...upstream.takes, ...target.upstream.provider.takes };
  const request =
    call.operation === "chat" ? await fitMedia(call, await recall(call, read as ChatRequest), takes) : read;
  return { client, upstream, endpoint, path, target, request, dropped: new Set(), chosen: false };
}

/** Whether one translation leaves out of any member of the request more than another does. */
function losesMore(call: CallState, one: Translation, other: Translation): boolean {
  const known = lossesOf(call, other);
  return [...lossesOf(call, one)].some(([member, times]) => times > (known.get(member) ?? 0));
}

/** How often each member of the request, or something in it, cannot be said. */
function lossesOf(call: CallState, translation: Translation): Map<string, number> {
  const losses = new Map<string, number>();
  encodeRequest(call, translation, (field) => {
    // How a codec calls what is within is its own affair.
    const [member = ""] = field.split(".");
    losses.set(member, (losses.get(member) ?? 0) + 1);
  });
  return losses;
}

/**
 * The translation of an answer's stream from a protocol into itself, so that another upstream can go on with it;
 * undefined for answers that are none, or that the codec cannot follow.
 */
export async function rewriting(
  call: CallState,
  target: Target,
  attempt: Attempt,
  { status, contentType, encoding }: AnswerFacts,
): Promise<Translation | undefined> {
  const { protocol, endpoint, operation, stream, prefix } = call;
  const isStream = stream && status === 200 && contentType !== "application/json" && encoding === "";
  if (!isStream || prefix !== undefined || !protocol?.codecs?.chat || !endpoint) return undefined;
  if (operation !== "chat") return undefined;
  const request = await neutralRequest(call, protocol).catch(() => undefined);
  if (!request) return undefined;
  const path = fillPath(endpoint, target.model ?? call.model ?? "");
  return {
    client: protocol,
    upstream: protocol,
    endpoint,
    path,
    target,
    request,
    dropped: new Set(),
    chosen: false,
    attempt,
  };
}

/** Makes the client's headers fit the upstream's protocol: what is for the client's own stays here. */
export function addressTranslated(headers: HeaderPairs, { client, upstream }: Translation): void {
  if (client !== upstream) for (const name of client.ownHeaders ?? []) removeHeaders(headers, name);
  setHeader(headers, "content-type", "application/json");
  // The answer is read here: packing it would only cost time.
  setHeader(headers, "accept-encoding", "identity");
  removeHeader(headers, "accept");
}

/** The answer to a count of tokens where the upstream counts none: the gateway's own estimate. */
export async function countHere(call: CallState): Promise<Response> {
  const { protocol } = call;
  if (!protocol) throw new GatewayError("No protocol.", { status: 404, code: "unknown_path" });
  const context = answerContext(clientContext(call), await neutralRequest(call, protocol));
  const count: TokenCount = { input_tokens: call.estimateInput() };
  return respondJson(call, 200, [], await anyCodec(protocol, call).encodeAnswer(count, context));
}
