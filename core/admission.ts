import { GatewayError } from "./errors.ts";
import { isTreacherous } from "./router.ts";

/** TRACE would show a caller the upstream's key; CONNECT is for proxies that open tunnels. */
const refusedMethods = new Set(["TRACE", "CONNECT"]);

/** A name or an address with its port; nothing that could pass for a part of the path behind it. */
const hostPattern = /^(?:[\w.~-]+|\[[\da-f:.%]+\])(?::\d{0,5})?$/i;

/** Neither of these belongs into a request's target (RFC 9112 section 3.2): whoever reads it may end it elsewhere. */
const neverInTarget = /[^!-~]|#/;

/** What nearly every target consists of: nothing of it needs a closer look. */
const plainTarget = /^[\w/-]+$/;

/**
 * Why a request is refused before anything else is known of it; undefined when nothing speaks against it.
 * Not every server refuses these by itself, and each could mean something else to an upstream than to us.
 * @param target Path and query as they came over the wire.
 */
export function refusalOf(request: Request, target: string): GatewayError | undefined {
  if (!plainTarget.test(target) && isUnclear(target)) {
    return refuse(400, "invalid_path", "The path of this request is not one that is passed on.");
  }
  if (refusedMethods.has(request.method)) {
    return refuse(405, "method_not_allowed", `The method ${request.method} is not passed on.`);
  }
  const { headers } = request;
  const host = headers.get("host");
  if (host !== null && !hostPattern.test(host)) {
    return refuse(400, "invalid_host", "The request's host header is not valid.");
  }
  const length = headers.get("content-length");
  if (length !== null && !/^\d+$/.test(length)) {
    return refuse(400, "invalid_content_length", "The request's content-length is not valid.");
  }
  const coding = headers.get("transfer-encoding");
  if (coding !== null && coding.toLowerCase() !== "chunked") {
    return refuse(501, "unsupported_transfer_coding", "The request's transfer coding is not supported.");
  }
  return undefined;
}

/** Whether a target could mean another place to an upstream than it does to us. */
function isUnclear(target: string): boolean {
  const queryAt = target.indexOf("?");
  return neverInTarget.test(target) || isTreacherous(queryAt < 0 ? target : target.slice(0, queryAt));
}

function refuse(status: number, code: string, message: string): GatewayError {
  return new GatewayError(message, { status, code });
}
