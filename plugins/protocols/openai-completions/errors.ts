import { isFields } from "../../../core/index.ts";
import type { Fields, GatewayError, UpstreamFailure } from "../../../core/index.ts";

/** OpenAI's error body. Source: OpenAI API reference, errors. */
export function renderError({ message, type, param, code }: GatewayError): string {
  return JSON.stringify({ error: { message, type, param: param ?? null, code } });
}

/** `{ error: { message, type, param, code } }`, or vLLM's `{ object: "error", message, type, code }`. */
export function readError(body: Fields, status: number): UpstreamFailure | undefined {
  const error = body["object"] === "error" ? body : body["error"];
  if (typeof error === "string" && error) return { message: error };
  if (!isFields(error)) return undefined;
  const { message, type, code, param } = error;
  const word = [code, type].find((one) => typeof one === "string" && one !== "");
  const number = Number(code);
  return {
    message: typeof message === "string" && message ? message : "The upstream refused the call.",
    ...(typeof word === "string" && { code: word }),
    ...(typeof param === "string" && { param }),
    ...(status < 400 && number >= 400 && number < 600 && { status: number }),
  };
}
