import { GatewayError } from "../errors.ts";

/** What went wrong on the way to an upstream. */
export type TransportFailure =
  | "connect_failed"
  | "connect_timeout"
  | "first_byte_timeout"
  | "silence_timeout"
  | "connection_lost"
  | "bad_answer"
  | "cancelled";

const texts: Record<TransportFailure, string> = {
  connect_failed: "The upstream could not be reached.",
  connect_timeout: "The upstream did not accept a connection in time.",
  first_byte_timeout: "The upstream did not answer in time.",
  silence_timeout: "The upstream fell silent in the middle of its answer.",
  connection_lost: "The upstream closed the connection before its answer was complete.",
  bad_answer: "The upstream's answer was not valid HTTP.",
  cancelled: "The request to the upstream was given up.",
};

/**
 * A failed request to an upstream as an error for the client: 504 for time-outs, 502 else. Where the gateway
 * gave the request up, its reason is the error.
 */
export function transportError(failure: TransportFailure, cause: unknown): GatewayError {
  if (failure === "cancelled" && cause instanceof GatewayError) return cause;
  const timeout = failure.endsWith("_timeout");
  return new GatewayError(texts[failure], {
    status: timeout ? 504 : 502,
    code: `upstream_${failure}`,
    cause,
    retryable: failure !== "cancelled",
  });
}
