import { isFields } from "../../../core/index.ts";
import type { Fields, GatewayError, UpstreamFailure } from "../../../core/index.ts";

/** Google's names of statuses. Source: google.rpc.Code. */
const statusNames: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

const statusByName = new Map(Object.entries(statusNames).map(([status, name]) => [name, Number(status)]));

const detailTypes = "type.googleapis.com/google.rpc.";

/** Google's `{ error }`, with details that say what its clients look for. Source: google.rpc.Status, error_details. */
export function renderError({ status, message, param, retryAfter }: GatewayError): string {
  const name = statusNames[status] ?? (status < 500 ? "FAILED_PRECONDITION" : "INTERNAL");
  const details: Fields[] = [];
  if (status === 400 && param !== undefined) {
    const fieldViolations = [{ field: param, description: message }];
    details.push({ "@type": `${detailTypes}BadRequest`, fieldViolations });
  }
  if (retryAfter !== undefined) {
    details.push({ "@type": `${detailTypes}RetryInfo`, retryDelay: `${Math.ceil(retryAfter)}s` });
  }
  const more = details.length > 0 && { details };
  return JSON.stringify({ error: { code: status, message, status: name, ...more } });
}

/** The error in an upstream's body: `{ error: { code, message, status, details } }`. */
export function readError({ error }: Fields, status: number): UpstreamFailure | undefined {
  if (!isFields(error)) return undefined;
  const { code, message, status: name, details } = error;
  const known = typeof name === "string" ? statusByName.get(name) : undefined;
  const own = typeof code === "number" && code >= 400 && code < 600 ? code : (known ?? 502);
  const list = Array.isArray(details) ? details.filter(isFields) : [];
  const reason = detail(list, "ErrorInfo")?.["reason"] ?? name;
  const violations = detail(list, "BadRequest")?.["fieldViolations"];
  const [violation] = Array.isArray(violations) ? violations.filter(isFields) : [];
  const param = violation?.["field"];
  const retryAfter = seconds(detail(list, "RetryInfo")?.["retryDelay"]);
  return {
    message: typeof message === "string" && message !== "" ? message : "The upstream failed.",
    ...(typeof reason === "string" && { code: reason.toLowerCase() }),
    ...(typeof param === "string" && { param }),
    ...(status < 400 && { status: own }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

function detail(details: readonly Fields[], type: string): Fields | undefined {
  return details.find((one) => one["@type"] === detailTypes + type);
}

/** A duration as JSON has it: `38s`, `0.5s`. */
function seconds(duration: unknown): number | undefined {
  const [, amount] = typeof duration === "string" ? (/^(\d+(?:\.\d+)?)s$/.exec(duration) ?? []) : [];
  return amount === undefined ? undefined : Number(amount);
}
