import { GatewayError } from "../errors.ts";

/** The request body is longer than the gateway reads. */
export function bodyTooLarge(limit: number): GatewayError {
  return new GatewayError(`The request body is larger than ${limit} bytes.`, {
    status: 413,
    code: "request_too_large",
  });
}

/** The client stopped sending. */
export function bodyTooSlow(silence: number): GatewayError {
  return new GatewayError(`The request body stopped coming for ${silence} ms.`, {
    status: 408,
    code: "request_timeout",
    // What is left of the body may still come: it is not to be taken for the next request.
    headers: { connection: "close" },
  });
}

/** The client left while it was sending. */
export function bodyAborted(cause?: unknown): GatewayError {
  return new GatewayError("The client left before its request was complete.", {
    status: 499,
    code: "client_gone",
    cause,
  });
}
