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
}

const defaultBounds: Bounds = {
  headers: 15_000,
  check: 1000,
  request: 3_600_000,
  idle: 75_000,
  linger: 30_000,
  headerSize: 16 * 1024,
};

/** Sets bounds to an HTTP server that listens already, and answers what is no request. */
export function harden(server: Server, bounds: Bounds = defaultBounds): void {
  server.headersTimeout = bounds.headers;
  server.requestTimeout = bounds.request;
  server.keepAliveTimeout = bounds.idle;
  // Node reads both from the server itself, at each connection and when it starts listening; that moment
  // is over, so its own listener is run once more to take the interval up.
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
 * Brings a request's target into the form `/path?query`: a client that takes the gateway for its proxy
 * sends a whole URL (RFC 9112 section 3.2.2). Anything else is answered 400, and false is returned.
 */
export function toOriginForm(req: IncomingMessage, res: ServerResponse): boolean {
  const target = req.url ?? "";
  if (target.startsWith("/")) return true;
  const absolute = /^https?:\/\/[^/?#]+([/?].*)?$/i.exec(target);
  if (absolute) {
    const rest = absolute[1] ?? "/";
    req.url = rest.startsWith("/") ? rest : `/${rest}`;
    return true;
  }
  res.writeHead(400, { "content-type": "application/json", connection: "close" });
  res.end(errorBody("bad_request", "The request's target is no path."));
  return false;
}
