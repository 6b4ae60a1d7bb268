import { GatewayError, isFields, parseFields } from "../../../core/index.ts";
import type { Fields, StreamEvent, UpstreamFailure } from "../../../core/index.ts";

/** Statuses of Bedrock's exceptions, by name. Source: Amazon Bedrock API reference, common errors, Converse, ConverseStream. */
const statuses: Readonly<Record<string, number>> = {
  accessdeniedexception: 403,
  unrecognizedclientexception: 403,
  expiredtokenexception: 403,
  invalidsignatureexception: 403,
  internalserverexception: 500,
  modelerrorexception: 424,
  modelnotreadyexception: 429,
  modelstreamerrorexception: 424,
  modeltimeoutexception: 408,
  resourcenotfoundexception: 404,
  servicequotaexceededexception: 400,
  serviceunavailableexception: 503,
  throttlingexception: 429,
  validationexception: 400,
};

/** The exception that stands for a status, as AWS clients know it. */
const names: Readonly<Record<number, string>> = {
  400: "ValidationException",
  401: "AccessDeniedException",
  403: "AccessDeniedException",
  404: "ResourceNotFoundException",
  408: "ModelTimeoutException",
  424: "ModelErrorException",
  429: "ThrottlingException",
  503: "ServiceUnavailableException",
  504: "ModelTimeoutException",
};

export function exceptionName(status: number): string {
  return names[status] ?? (status < 500 ? "ValidationException" : "InternalServerException");
}

/** The same for a stream's message; a stream has fewer of them. */
export function streamExceptionName(status: number): string {
  if (status === 429) return "throttlingException";
  if (status === 503) return "serviceUnavailableException";
  if (status === 408 || status === 424 || status === 502 || status === 504)
    return "modelStreamErrorException";
  return status < 500 ? "validationException" : "internalServerException";
}

/** `com.amazon.coral.service#ThrottlingException` and `ThrottlingException:http://…` are both that exception. */
function plainName(type: string): string {
  return type.replace(/^.*#/, "").replace(/:.*$/, "");
}

function messageOf(body: Fields): string | undefined {
  const message = body["message"] ?? body["Message"];
  return typeof message === "string" ? message : undefined;
}

/** `{ "message": … }`, with the exception's name in `__type` or in a header that is not seen here. */
export function readError(body: Fields, status: number): UpstreamFailure | undefined {
  const type = typeof body["__type"] === "string" ? plainName(body["__type"]) : undefined;
  const message = messageOf(body);
  const isAnswer = "output" in body || "messages" in body;
  if (isAnswer || (message === undefined && type === undefined)) return undefined;
  const known = type === undefined ? undefined : statuses[type.toLowerCase()];
  return {
    message: message ?? type ?? "",
    ...(type !== undefined && { code: type }),
    ...(status < 400 && { status: known ?? 502 }),
  };
}

/** The failure that a stream's message tells of; undefined for one that is part of the answer. */
export function streamFailure({ event = "", data }: StreamEvent): GatewayError | undefined {
  if (event !== "error" && !event.toLowerCase().endsWith("exception")) return undefined;
  const body = parseFields(data) ?? {};
  const code = event === "error" && typeof body["code"] === "string" ? body["code"] : event;
  const said = messageOf(body) ?? (isFields(body["cause"]) ? messageOf(body["cause"]) : undefined);
  const status = statuses[code.toLowerCase()] ?? 502;
  return new GatewayError(said || `The upstream's stream broke off with ${code}.`, {
    status,
    code,
    retryable: status === 408 || status === 424 || status === 429 || status >= 500,
  });
}
