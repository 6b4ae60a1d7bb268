import { errorType, GatewayError, isFields } from "../../../core/index.ts";
import type { Fields, UpstreamFailure } from "../../../core/index.ts";

/** Statuses that a failure should have had, by its code or type: our reading of the codes of the official SDK's `ResponseError`, and others. */
const statuses: Record<string, number> = {
  rate_limit_exceeded: 429,
  rate_limit_error: 429,
  insufficient_quota: 429,
  tokens: 429,
  requests: 429,
  server_error: 502,
  api_error: 502,
  server_is_overloaded: 503,
  slow_down: 503,
  vector_store_timeout: 504,
  authentication_error: 401,
  invalid_api_key: 401,
  permission_error: 403,
  not_found_error: 404,
  model_not_found: 404,
  invalid_request_error: 400,
  context_length_exceeded: 400,
  invalid_prompt: 400,
  bio_policy: 400,
  data_residency_mismatch: 400,
};

/** Faults of images in the request: `invalid_image_url`, `image_too_large`, `failed_to_download_image`, … */
const ofAnImage = /image/;

/**
 * What an error object says; `status` is the one it should have had where it came with a success.
 * @param given The status that it came with.
 */
function failureOf(error: Fields, given: number): UpstreamFailure {
  const { message, code, type, param } = error;
  const known = [code, type].filter((one) => typeof one === "string");
  const status = known.map((one) => (ofAnImage.test(one) ? 400 : statuses[one])).find(Boolean);
  return {
    message: typeof message === "string" && message ? message : "The upstream failed.",
    ...(known[0] !== undefined && { code: known[0] }),
    ...(typeof param === "string" && { param }),
    ...(given < 400 && { status: status ?? 502 }),
  };
}

/** The error in an upstream's body: OpenAI's own, a failed response, and the shapes of servers that speak this protocol. */
export function readError(body: Fields, status: number): UpstreamFailure | undefined {
  const { error, message, detail } = body;
  if (isFields(error)) return failureOf(error, status);
  if (body["status"] === "failed") return failureOf({}, status);
  if (status < 400) return undefined;
  const said = [error, message, detail].find((one) => typeof one === "string");
  return said === undefined ? undefined : failureOf({ ...body, message: said }, status);
}

/** The failure of a stream: an `error` event, or a response that failed. */
export function streamFailure(event: Fields): GatewayError {
  const { response } = event;
  const nested = isFields(response) ? response["error"] : event["error"];
  const failure = failureOf(isFields(nested) ? nested : withoutType(event), 200);
  const status = failure.status ?? 502;
  return new GatewayError(failure.message, {
    status,
    code: failure.code ?? "upstream_error",
    retryable: status === 429 || status >= 500,
    ...(failure.param !== undefined && { param: failure.param }),
  });
}

/** The event's own type is no error's. */
function withoutType({ type: _type, ...rest }: Fields): Fields {
  return rest;
}

/** An error as clients of this protocol expect it: the object under `error`. */
export function errorObject(error: GatewayError): Fields {
  const { message, type, param, code } = error;
  return { message, type: type || errorType(error.status), param: param ?? null, code };
}

/** Codes that clients of failed responses act on; any other failure is the server's. */
const knownCodes = new Set([
  "rate_limit_exceeded",
  "insufficient_quota",
  "context_length_exceeded",
  "invalid_prompt",
]);

/** The code of a response that failed. */
export function failureCode({ code, status }: GatewayError): string {
  if (knownCodes.has(code)) return code;
  return status === 429 ? "rate_limit_exceeded" : "server_error";
}
