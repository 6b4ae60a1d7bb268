import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** Bounds on what a client may take of the server; ms and bytes. */
export interface Bounds {
  /** For a request's line and headers, from its first byte (on a new connection: from its opening). */
  headers: number;
  /** Between looks for connections that are over it. Node's own 30 s would cut them late. */
  check: number;
  /**
   * For a whole request. Long, because an upload may be large and its line slow; while a body is read,
   * its silence is bounded by `server.requestTimeout`, which is what stops a client that has stalled.
   */
  request: number;
  /** How long an idle connection is kept: longer than the 60 s of usual load balancers, so that they close first. */
  idle: number;
  /** For the rest of a request body that nobody reads after the answer went out. */
  linger: number;
  headerSize: number;
  headerCount: number;
}

const defaultBounds: Bounds = {
  headers: 15_000,
  check: 1000,
  request: 3_600_000,
  idle: 75_000,
  linger: 30_000,
  headerSize: 16 * 1024,
  headerCount: 200,
};

/** Sets bounds to an HTTP server that listens already, and answers what is no request. */
export function harden(server: Server, bounds: Bounds = defaultBounds): void {
  server.headersTimeout = bounds.headers;
  server.requestTimeout = bounds.request;
  server.keepAliveTimeout = bounds.idle;
  // Node reads the next two from the server itself, at each connection and when it starts listening; that moment
  // is over, so its own listener is run once more to take the interval up.
  // One more than may be, to tell: what is beyond it, Node leaves out without a word.
  server.maxHeadersCount = bounds.headerCount + 1;
  Object.assign(server, { maxHeaderSize: bounds.headerSize, connectionsCheckingInterval: bounds.check });
  for (const listener of server.listeners("listening")) listener.call(server);
  server.on("clientError", answerClientError);
  function linger(this: ServerResponse): void {
    if (!this.req.complete) cutLater(this.req, bounds.linger);
  }
  server.on("request", (_req, res: ServerResponse) => res.on("finish", linger));
}

/** The answer is out and the client still sends: it may finish for a while, then its connection is cut. */
function cutLater(req: IncomingMessage, wait: number): void {
  setTimeout(() => {
    if (!req.complete) req.socket.destroy();
  }, wait).unref();
}

const clientErrors: Record<string, { status: string; code: string; message: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: "408 Request Timeout",
    code: "request_timeout",
    message: "The request took too long to arrive.",
  },
  HPE_HEADER_OVERFLOW: {
    status: "431 Request Header Fields Too Large",
    code: "headers_too_large",
    message: "The request's headers are larger than the gateway takes.",
  },
};

const badRequest = {
  status: "400 Bad Request",
  code: "bad_request",
  message: "The request is not valid HTTP.",
};

/** Answers what is no request, and closes. Into an answer that has begun, nothing is written. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const answering = (socket as Duplex & { _httpMessage?: ServerResponse })._httpMessage;
  if (error.code === "ECONNRESET" || !socket.writable || answering?.headersSent) {
    socket.destroy();
    return;
  }
  const { status, code, message } = clientErrors[error.code ?? ""] ?? badRequest;
  socket.end(plainAnswer(status, code, message), () => socket.destroy());
}

function plainAnswer(status: string, code: string, message: string): string {
  const body = errorBody(code, message);
  return [
    `HTTP/1.1 ${status}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
    "",
    body,
  ].join("\r\n");
}

function errorBody(code: string, message: string): string {
  return JSON.stringify({ error: { message, type: "invalid_request_error", param: null, code } });
}

/**
 * Answers what Node's parser lets through and an upstream could read otherwise, and returns false. Any other
 * request gets its target in the form `/path?query`: a client that takes the gateway for its proxy sends a
 * whole URL (RFC 9112 section 3.2.2).
 */
export function admit(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.rawHeaders.length > 2 * defaultBounds.headerCount) {
    return refuse(res, 431, "headers_too_large", "The request has more headers than the gateway takes.");
  }
  if (req.httpVersionMajor !== 1 && !("stream" in req)) {
    return refuse(res, 505, "unsupported_version", "The request's version of HTTP is not supported.");
  }
  if (req.httpVersion === "1.0" && req.headers["transfer-encoding"] !== undefined) {
    return refuse(res, 400, "bad_request", "HTTP/1.0 has no transfer codings.");
  }
  const target = originForm(req.url ?? "");
  if (target === undefined) return refuse(res, 400, "bad_request", "The request's target is no path.");
  req.url = target;
  return true;
}

function originForm(target: string): string | undefined {
  if (target.startsWith("/")) return target;
  const absolute = /^https?:\/\/[^/?#@]+([/?].*)?$/i.exec(target);
  if (!absolute) return undefined;
  const rest = absolute[1] ?? "/";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function refuse(res: ServerResponse, status: number, code: string, message: string): false {
  res.writeHead(status, { "content-type": "application/json", connection: "close" });
  res.end(errorBody(code, message));
  return false;
}
