import { GatewayError, isFields } from "../../../core/index.ts";
import type { Fields, UpstreamFailure } from "../../../core/index.ts";

/** Error types by status. Source: Anthropic API reference, errors. */
const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  503: "overloaded_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** The same the other way round; an overload has a status of its own. */
const statuses: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(types).map(([status, type]) => [type, Number(status)])),
  overloaded_error: 529,
};

export function renderError({ status, message }: GatewayError): string {
  const type = types[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return JSON.stringify({ type: "error", error: { type, message } });
}

export function renderStreamError(error: GatewayError): string {
  return `event: error\ndata: ${renderError(error)}\n\n`;
}

/** `{ type: "error", error: { type, message, details? }, request_id }`. */
export function readError(body: Fields, status: number): UpstreamFailure | undefined {
  const { error } = body;
  if (!isFields(error)) return undefined;
  const { type, message, details } = error;
  const errorCode = isFields(details) ? details["error_code"] : undefined;
  const code = [errorCode, type].find((word) => typeof word === "string");
  return {
    message: typeof message === "string" ? message : "The upstream tells of an error without a message.",
    ...(typeof code === "string" && { code }),
    ...(status < 400 && { status: (typeof type === "string" && statuses[type]) || 502 }),
  };
}

/** The error that an event of a stream tells of. */
export function streamError(event: Fields): GatewayError {
  const failure = readError(event, 200);
  const status = failure?.status ?? 502;
  return new GatewayError(failure?.message ?? "The upstream's stream tells of an error.", {
    status,
    code: failure?.code ?? "upstream_error",
    retryable: status === 429 || status >= 500,
  });
}
