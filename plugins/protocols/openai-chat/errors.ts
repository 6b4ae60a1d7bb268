import { GatewayError, isFields } from "../../../core/index.ts";
import type { Fields, UpstreamFailure } from "../../../core/index.ts";

/** OpenAI's error body. Source: OpenAI API reference, errors. */
export function renderError({ message, type, param, code }: GatewayError): string {
  return JSON.stringify({ error: { message, type, param: param ?? null, code } });
}

/** What the words in an error's type or code mean, for errors that came with a status of success. */
const statusWords: readonly [RegExp, number][] = [
  [/invalid_request|bad_?request|validation/i, 400],
  [/authentication|invalid_api_key|unauthorized/i, 401],
  [/permission|forbidden/i, 403],
  [/not_found/i, 404],
  [/rate_limit|too_many_requests|quota/i, 429],
  [/overloaded|unavailable|capacity/i, 503],
];

/** The error in a body: OpenAI's own, and the shapes that vendors have beside it. */
export function readError(body: Fields, status: number): UpstreamFailure | undefined {
  const found =
    innerError(body) ??
    plainError(body) ??
    (status >= 400 ? (listedError(body) ?? anyMessage(body)) : undefined);
  if (!found) return undefined;
  const { message, word, param, number } = found;
  const told = status >= 400 ? undefined : statusOf(number, word);
  return {
    message: message || "The upstream refused the call.",
    ...(word && { code: word }),
    ...(param && { param }),
    ...(told !== undefined && { status: told }),
  };
}

interface Found {
  message: string;
  word?: string | undefined;
  param?: string | undefined;
  /** A code that may be a status. */
  number?: unknown;
}

/** `{ error: { message, type, param, code } }`; OpenRouter's code is the status, some give a text alone. */
function innerError({ error }: Fields): Found | undefined {
  if (typeof error === "string" && error) return { message: error };
  if (!isFields(error)) return undefined;
  const { message, type, code, param } = error;
  return {
    message: text(message) ?? "",
    word: text(code) ?? text(type),
    param: text(param),
    number: code,
  };
}

/** vLLM's `{ object: "error", message, type, code }`, MiniMax's `base_resp`, Baidu's `error_msg`. */
function plainError(body: Fields): Found | undefined {
  const { object, message, type, code, base_resp: reply, error_msg: said } = body;
  if (object === "error") return { message: text(message) ?? "", word: text(type), number: code };
  if (isFields(reply) && reply["status_code"] !== undefined && reply["status_code"] !== 0) {
    return { message: text(reply["status_msg"]) ?? "", word: String(reply["status_code"]) };
  }
  if (typeof said === "string") return { message: said, word: text(body["error_code"]) };
  if (body["success"] === false && !body["choices"]) return listedError(body) ?? anyMessage(body);
  return undefined;
}

/** Cloudflare's `{ success: false, errors: [{ code, message }] }`. */
function listedError({ errors }: Fields): Found | undefined {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return isFields(first) ? { message: text(first["message"]) ?? "", word: text(first["code"]) } : undefined;
}

/** `{ message }`, `{ msg }`, FastAPI's `{ detail }`. */
function anyMessage(body: Fields): Found | undefined {
  const { message, msg, detail, code, type } = body;
  const listed: unknown = Array.isArray(detail) ? detail[0] : detail;
  const said = text(message) ?? text(msg) ?? text(isFields(listed) ? listed["msg"] : listed);
  return said === undefined ? undefined : { message: said, word: text(code) ?? text(type), number: code };
}

function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value ? value : undefined;
}

function statusOf(number: unknown, word: string | undefined): number | undefined {
  const status = Number(number);
  if (status >= 400 && status <= 599) return status;
  return word === undefined ? undefined : statusWords.find(([pattern]) => pattern.test(word))?.[1];
}

/** The error of a failure that was found where an answer should have been. */
export function toGatewayError({ message, code, param, status }: UpstreamFailure): GatewayError {
  return new GatewayError(message, {
    status: status ?? 502,
    code: code ?? "upstream_error",
    retryable: true,
    ...(param && { param }),
  });
}
