import { GatewayError } from "../../core/index.ts";

/** RFC 9110 section 11.6.1: a 401 says how to do better. */
const challenge = { "www-authenticate": "Bearer" };

function unauthorized(code: string, message: string): GatewayError {
  return new GatewayError(message, { status: 401, code, headers: challenge });
}

function forbidden(code: string, message: string, param?: string): GatewayError {
  return new GatewayError(message, { status: 403, code, param });
}

export function missingKey(): GatewayError {
  return unauthorized("missing_api_key", "No API key was sent. Send one as `Authorization: Bearer <key>`.");
}

export function invalidKey(): GatewayError {
  return unauthorized("invalid_api_key", "The API key that was sent is not valid here.");
}

export function noKeysConfigured(): GatewayError {
  return unauthorized(
    "no_keys_configured",
    "This gateway has no keys configured, so it lets nobody in. Add `keys`, or set the option `anonymous` of the plugin auth.",
  );
}

export function expiredKey(): GatewayError {
  return unauthorized("key_expired", "The API key that was sent has expired.");
}

export function addressDenied(): GatewayError {
  return forbidden("address_denied", "Calls from this address are not allowed.");
}

export function prefixNotAllowed(prefix: string): GatewayError {
  return forbidden("prefix_not_allowed", `This API key may not use ${prefix === "" ? "this path" : prefix}.`);
}

export function modelNotAllowed(model: string): GatewayError {
  const shown = model.length > 100 ? `${model.slice(0, 100)}…` : model;
  return forbidden(
    "model_not_allowed",
    `This API key may not use the model ${JSON.stringify(shown)}.`,
    "model",
  );
}

export function modelUnknown(): GatewayError {
  return forbidden(
    "model_not_allowed",
    "This API key may use certain models only, and this call does not tell its model where the gateway can read it.",
    "model",
  );
}
