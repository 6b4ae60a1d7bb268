import { GatewayError } from "../errors.ts";
import { answerContext, clientContext, codecContext } from "./neutral-request.ts";
import type { CallState } from "../call-state.ts";
import type { AnswerContext, CodecContext } from "../codec.ts";
import type { Endpoint, Protocol } from "../protocol.ts";
import type { Attempt, Target } from "../upstream.ts";

/** What stands between a client of one protocol and an upstream of another, for one attempt of one call. */
export interface Translation {
  client: Protocol;
  upstream: Protocol;
  /** The upstream's endpoint. */
  endpoint: Endpoint;
  path: string;
  target: Target;
  /** The client's request in the neutral shape. */
  request: unknown;
  /** Fields that the upstream's protocol cannot say. */
  dropped: Set<string>;
  /** The provider chose the upstream's protocol for this request. */
  chosen: boolean;
  /** Is told why the upstream refused. */
  attempt?: Attempt;
}

/** The context of what goes to, or came from, the upstream. */
export function upstreamContext(
  call: CallState,
  { endpoint, path, target, dropped }: Translation,
): CodecContext {
  return codecContext(call, {
    model: target.model ?? call.model ?? "",
    endpoint,
    path,
    takes: target.upstream.provider.takes,
    drop(field) {
      if (!target.upstream.strict) {
        dropped.add(field);
        return;
      }
      throw new GatewayError(`The upstream ${target.upstream.name} has nothing that says ${field}.`, {
        status: 400,
        code: "unsupported_field",
        param: field,
      });
    },
  });
}

export function upstreamAnswerContext(call: CallState, translation: Translation): AnswerContext<unknown> {
  return answerContext(upstreamContext(call, translation), translation.request);
}

export function clientAnswerContext(call: CallState, { request }: Translation): AnswerContext<unknown> {
  return answerContext(clientContext(call), request);
}
