import { GatewayError } from "./errors.ts";
import type { CallState } from "./call-state.ts";

/** The refusal of calls that come, or are cut off, when the gateway stops. */
export function stopping(): GatewayError {
  const headers = { connection: "close" };
  return new GatewayError("The gateway is stopping.", {
    status: 503,
    code: "stopping",
    retryAfter: 1,
    headers,
  });
}

/** Gives a call up whose client left, or lets what its upstream is at come to its end. */
export function onClientLeft(call: CallState): void {
  // Some servers say so after each answer.
  if (call.over) return;
  call.clientLeft = true;
  if (call.onClientGone === "abort" || call.attempts.length === 0) {
    call.canceller.cancel(clientGone());
    return;
  }
  const { drainTimeout } = call.gateway.server;
  const timer = setTimeout(() => call.canceller.cancel(clientGone()), drainTimeout);
  call.onFinish(() => clearTimeout(timer));
}

function clientGone(): GatewayError {
  return new GatewayError("The client left.", { status: 499, code: "client_gone" });
}

/** Of a plugin's own call: there is no client that could leave, and the plugin has to hear of the end. */
export function givenUp(): GatewayError {
  return new GatewayError("The call was given up.", { status: 499, code: "given_up" });
}

/** The total time-out of a call has passed. */
export function tooLong(): GatewayError {
  return new GatewayError("The call took longer than it may.", { status: 504, code: "call_timeout" });
}
