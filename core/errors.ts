/** What a caller is told when a call cannot be answered. A protocol renders it in its client's own shape. */
export interface GatewayErrorInit {
  /** HTTP status, 400 to 599 (499: the client left). */
  status: number;
  /** Machine-readable reason, such as `invalid_api_key` or `rate_limit_exceeded`. */
  code: string;
  /** The request field at fault, if one is. */
  param?: string;
  /** Seconds after which the same call may succeed. */
  retryAfter?: number;
  /** The limit that refuses, for people: `60 requests per minute for key team-a`. */
  limit?: string;
  /** Further answer headers. */
  headers?: Record<string, string>;
  /** What lies behind; for the log, never for the caller. */
  cause?: unknown;
  /** Set by `retry` and `send`: whether another target may do better. */
  retryable?: boolean;
}

/** The one error class of the gateway: everything that a caller is refused with. */
export class GatewayError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | undefined;
  readonly retryAfter: number | undefined;
  readonly limit: string | undefined;
  readonly headers: Record<string, string> | undefined;
  readonly retryable: boolean;

  constructor(message: string, init: GatewayErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "GatewayError";
    this.status = init.status;
    this.code = init.code;
    this.param = init.param;
    this.retryAfter = init.retryAfter;
    this.limit = init.limit;
    this.headers = init.headers;
    this.retryable = init.retryable ?? false;
  }

  /** OpenAI's `error.type` for this status; other protocols have names of their own. */
  get type(): string {
    return errorType(this.status);
  }

  /** Turns anything thrown into a GatewayError; what is not one already becomes a 500 that tells nothing. */
  static from(error: unknown): GatewayError {
    if (error instanceof GatewayError) return error;
    return new GatewayError("The gateway failed to handle this call.", {
      status: 500,
      code: "internal_error",
      cause: error,
    });
  }
}

/** A client's request that is not of its protocol's shape: 400. `param` names the field at fault. */
export function badRequest(message: string, param?: string): GatewayError {
  return new GatewayError(message, { status: 400, code: "invalid_request", ...(param && { param }) });
}

/** The refusal of a call that no upstream serves. */
export function noUpstream(): GatewayError {
  return new GatewayError("No upstream serves this call.", { status: 404, code: "no_upstream" });
}

/** An upstream's answer that cannot be made out: 502. `reason` says what is wrong with it, without its text. */
export function badAnswer(reason: string, cause?: unknown): GatewayError {
  return new GatewayError(`The upstream's answer cannot be made out: ${reason}.`, {
    status: 502,
    code: "upstream_bad_answer",
    cause,
    retryable: true,
  });
}

/** The error type that OpenAI's API uses for a status. Source: OpenAI API reference, error codes. */
export function errorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 429) return "rate_limit_error";
  if (status >= 400 && status < 500) return "invalid_request_error";
  if (status === 502 || status === 503 || status === 504) return "upstream_error";
  return "server_error";
}

/** The error body of a call whose protocol is not known: the shape that most clients read. */
export function plainErrorBody(error: GatewayError): string {
  return JSON.stringify({
    error: { message: error.message, type: error.type, param: error.param ?? null, code: error.code },
  });
}
