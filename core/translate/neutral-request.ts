import { parseBody } from "../json.ts";
import { badRequest, GatewayError } from "../errors.ts";
import { isFields } from "../fields.ts";
import type { Fields } from "../fields.ts";
import type { CallState } from "../call-state.ts";
import type { AnswerContext, Codec, CodecContext } from "../codec.ts";
import type { Endpoint, Protocol, Takes } from "../protocol.ts";
import { codecFor } from "./spoken.ts";

/** A codec whose operation is not looked at. */
export type AnyCodec = Codec<unknown, unknown>;

export function anyCodec(protocol: Protocol, call: CallState): AnyCodec {
  const codec = codecFor(protocol, call.operation) as AnyCodec | undefined;
  if (codec) return codec;
  throw new GatewayError(`The protocol ${protocol.name} cannot translate ${call.operation}.`, {
    status: 501,
    code: "protocol_mismatch",
  });
}

export interface ContextParts {
  model: string;
  endpoint: Endpoint;
  path: string;
  search?: string;
  takes?: Takes | undefined;
  drop: (field: string) => void;
}

export function codecContext(call: CallState, parts: ContextParts): CodecContext {
  return {
    ...parts,
    id: call.id,
    created: Math.floor(call.startedAt / 1000),
    stream: call.stream,
    caller: call.caller?.name ?? "",
    waitUntil: (work) => call.onFinish(() => work.then(() => {})),
  };
}

/** The context of what goes to, or came from, the client. Nothing is dropped there that a client could be told of. */
export function clientContext(call: CallState): CodecContext {
  const { endpoint } = call;
  if (!endpoint) throw new GatewayError("No endpoint.", { status: 404, code: "unknown_path" });
  const { rest: path, search } = call;
  return codecContext(call, { model: call.askedModel ?? "", endpoint, path, search, drop: () => {} });
}

export function answerContext<Request>(context: CodecContext, request: Request): AnswerContext<Request> {
  return { ...context, request };
}

/** The client's request in the neutral shape; read once for all attempts. */
export function neutralRequest(call: CallState, protocol: Protocol): Promise<unknown> {
  return (call.neutral ??= read(call, protocol));
}

async function read(call: CallState, protocol: Protocol): Promise<unknown> {
  return anyCodec(protocol, call).decodeRequest(requestJson(call), clientContext(call));
}

/** The request's JSON object as it is now: a plugin may have put another body in the place of the client's. */
export function requestJson(call: CallState): Fields {
  const body = call.bodyReplaced && call.body ? parseBody(call.body) : call.json;
  if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
  return body;
}
