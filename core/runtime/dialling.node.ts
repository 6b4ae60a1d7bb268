import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { GatewayError } from "../errors.ts";
import { answerHeaders } from "../headers.ts";
import { Relay } from "../relay.ts";
import { transportError } from "../transport/failure.ts";
import { StreamBody } from "./stream-body.node.ts";
import type { TransportFailure } from "../transport/failure.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { TunnelInit } from "./types.ts";

/** Deno has these of Node too, and its own files name no `node:` module. */
export type { Agent, ClientRequest, IncomingMessage };

/** How an upstream answered a handshake: with a socket, or with a refusal. */
export interface Dialled<Socket> {
  answer: IncomingMessage;
  socket?: Socket;
}

/** What a handshake that is under way tells of itself; only the first of it counts. */
export interface Steps<Socket> {
  answered(dialled: Dialled<Socket>): void;
  failed(error: Error): void;
}

/**
 * Waits for an upstream's answer to a handshake. The connection may take `connectTimeout`, and so may the answer
 * after it. Rejects with a GatewayError (502, 504), or the reason of a cancel.
 * @param begin Sends the handshake.
 */
export function dialling<Socket>(
  { canceller, connectTimeout }: TunnelInit,
  begin: (steps: Steps<Socket>) => ClientRequest,
): Promise<Dialled<Socket>> {
  return new Promise((resolve, reject) => {
    let connected = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let forget: (() => void) | undefined;
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      forget?.();
      act();
    };
    const fail = (failure: TransportFailure, cause?: unknown): void => {
      settle(() => reject(transportError(failure, cause)));
      request?.destroy();
      // A proxy may still be asked for the request's connection.
      (request as (ClientRequest & { agent?: Agent }) | undefined)?.agent?.destroy();
    };
    let request: ClientRequest | undefined;
    try {
      request = begin({
        answered(dialled) {
          const { statusCode: status = 0 } = dialled.answer;
          if (dialled.socket || (status >= 200 && status <= 599)) settle(() => resolve(dialled));
          else fail("bad_answer", new Error(`status ${status}`));
        },
        failed: (error) => fail(classify(error, connected), error),
      });
    } catch (error) {
      reject(error instanceof GatewayError ? error : transportError("connect_failed", error));
      return;
    }
    const wait = (failure: TransportFailure): void => {
      clearTimeout(timer);
      if (connectTimeout > 0) timer = setTimeout(fail, connectTimeout, failure);
    };
    wait("connect_timeout");
    onConnection(request, () => {
      connected = true;
      wait("first_byte_timeout");
    });
    forget = canceller.onCancel((reason) => fail("cancelled", reason));
  });
}

function onConnection(request: ClientRequest, listener: () => void): void {
  request.once("socket", (socket) => {
    if ("encrypted" in socket) socket.once("secureConnect", listener);
    else if (socket.connecting) socket.once("connect", listener);
    else listener();
  });
}

function classify(error: Error & { code?: string }, connected: boolean): TransportFailure {
  if (!connected) return "connect_failed";
  // An answer that was read and is no good is told of without a code of the system's.
  return error.code === undefined || error.code.startsWith("HPE_") ? "bad_answer" : "connection_lost";
}

/** The headers of an upstream's answer that go on to the client. */
export function dialledHeaders({ rawHeaders }: IncomingMessage): HeaderPairs {
  const lowerCase = rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
  return [...answerHeaders(lowerCase), "via", "1.1 sluice"];
}

/** The body of a refusal, which goes to the client as it is; null where there is none. */
export function refusalBody(answer: IncomingMessage, silence: number): Relay | null {
  answer.on("error", () => {});
  if (answer.statusCode === 204 || answer.statusCode === 205 || answer.statusCode === 304) {
    answer.resume();
    return null;
  }
  answer.setTimeout(silence, () => answer.destroy());
  return new Relay(new StreamBody(answer, () => answer.readableEnded));
}
