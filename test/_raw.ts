import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A connection to an upstream that speaks HTTP by hand. */
export interface RawRequest {
  socket: Socket;
  /** Everything that came so far, as latin1. */
  text(): string;
  /** Set when the other side has closed or cut the connection. */
  closedAt: number | undefined;
  /** Sends text as it is. */
  send(text: string | Uint8Array): void;
}

export interface RawUpstream {
  url: string;
  requests: RawRequest[];
  close(): Promise<void>;
}

/** An upstream that gets at each connection once the head of a request is there. One request a connection. */
export async function startRawUpstream(
  handler: (request: RawRequest, count: number) => void,
): Promise<RawUpstream> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let text = "";
    let begun = false;
    const send = (data: string | Uint8Array): void => {
      if (!socket.destroyed) socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    };
    const request: RawRequest = { socket, text: () => text, closedAt: undefined, send };
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (begun || !text.includes("\r\n\r\n")) return;
      begun = true;
      requests.push(request);
      handler(request, requests.length);
    });
    const closed = (): void => void (request.closedAt ??= performance.now());
    socket.on("end", closed).on("close", closed);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Whether a request is there with all of its body. Who closes a connection before that resets it. */
export function isWhole(request: string): boolean {
  const bodyAt = request.indexOf("\r\n\r\n") + 4;
  if (bodyAt < 4) return false;
  const head = request.slice(0, bodyAt);
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  if (/^transfer-encoding: chunked/im.test(head)) return request.slice(bodyAt - 2).endsWith("\r\n0\r\n\r\n");
  return request.length >= bodyAt + length;
}

/** One piece of a chunked body. */
export function chunk(text: string): string {
  return `${Buffer.byteLength(text, "latin1").toString(16)}\r\n${text}\r\n`;
}

export interface RawClient {
  socket: Socket;
  /** Everything that came so far, as latin1. */
  text(): string;
  /** Resolves when the connection is over, with what came. */
  over: Promise<string>;
}

/** A client that sends bytes as they are. */
export function rawClient(url: string, bytes: string): RawClient {
  let text = "";
  const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
    socket.write(Buffer.from(bytes, "latin1"));
  });
  socket.on("data", (piece: Buffer) => (text += piece.toString("latin1")));
  socket.on("error", () => {});
  const over = new Promise<string>((resolve) => socket.on("close", () => resolve(text)));
  return { socket, text: () => text, over };
}

/** A POST of JSON as it goes over the wire. */
export function post(path: string, body: unknown, headers = ""): string {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n${headers}\r\n${text}`;
}

/** A GET as it goes over the wire. */
export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: gateway\r\n\r\n`;
}

/** The body of a chunked answer, and whether it came to its proper end. */
export function unchunk(answer: string): { body: string; whole: boolean } {
  let rest = answer.slice(answer.indexOf("\r\n\r\n") + 4);
  let body = "";
  for (;;) {
    const head = /^([\da-f]+)\r\n/i.exec(rest);
    if (!head) return { body, whole: false };
    const length = Number.parseInt(head[1] ?? "", 16);
    if (length === 0) return { body, whole: rest.startsWith("0\r\n\r\n") };
    body += rest.slice(head[0].length, head[0].length + length);
    rest = rest.slice(head[0].length + length + 2);
  }
}
