import { GatewayError } from "../errors.ts";
import { removeHeader, setHeader } from "../headers.ts";
import { fitMedia } from "./media.ts";
import { recall } from "./reasoning-memory.ts";
import { endpointFor, fillPath } from "./endpoint.ts";
import { answerContext, anyCodec, clientContext, neutralRequest } from "./neutral-request.ts";
import { spokenProtocol } from "./spoken.ts";
import { respondJson } from "./translation.ts";
import type { CallState } from "../call-state.ts";
import type { ChatRequest } from "../chat.ts";
import type { TokenCount } from "../neutral.ts";
import type { Operation, Protocol } from "../protocol.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { Target } from "../upstream.ts";
import type { Translation } from "./translation.ts";

/**
 * How an attempt is translated: undefined where the client's own protocol is spoken, `here` where no upstream is asked.
 * Throws, or rejects with, a GatewayError: 400 for a request that is not of its protocol's shape, 501 where no translation leads there.
 */
export function translationFor(call: CallState, target: Target): Promise<Translation> | "here" | undefined {
  const { protocol: client, prefix, operation } = call;
  if (prefix !== undefined || !client || !call.endpoint) return undefined;
  const upstream = spokenProtocol(call, target.upstream, target.model, call.gateway.protocols);
  if (upstream === client) return undefined;
  if (upstream) return translate(call, target, client, upstream);
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
): Promise<Translation> {
  const endpoint = endpointFor(upstream, call.operation, call.stream);
  if (!endpoint) throw mismatch(client, target, call.operation);
  const path = fillPath(endpoint, target.model ?? call.model ?? "");
  const read = await neutralRequest(call, client);
  const takes = { ...upstream.takes, ...target.upstream.provider.takes };
  const request =
    call.operation === "chat" ? await fitMedia(call, await recall(call, read as ChatRequest), takes) : read;
  return { client, upstream, endpoint, path, target, request, dropped: new Set() };
}

/** Makes the client's headers fit the upstream's protocol: what is for the client's own stays here. */
export function addressTranslated(headers: HeaderPairs, { client }: Translation): void {
  for (const name of client.ownHeaders ?? []) {
    if (name.endsWith("*")) removeWithPrefix(headers, name.slice(0, -1));
    else removeHeader(headers, name);
  }
  setHeader(headers, "content-type", "application/json");
  // The answer is read here: packing it would only cost time.
  setHeader(headers, "accept-encoding", "identity");
  removeHeader(headers, "accept");
}

function removeWithPrefix(headers: HeaderPairs, prefix: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]?.toLowerCase().startsWith(prefix)) headers.splice(i, 2);
  }
}

/** The answer to a count of tokens where the upstream counts none: the gateway's own estimate. */
export async function countHere(call: CallState): Promise<Response> {
  const { protocol } = call;
  if (!protocol) throw new GatewayError("No protocol.", { status: 404, code: "unknown_path" });
  const context = answerContext(clientContext(call), await neutralRequest(call, protocol));
  const count: TokenCount = { input_tokens: call.estimateInput() };
  return respondJson(call, 200, [], await anyCodec(protocol, call).encodeAnswer(count, context));
}
