import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A request as it came over the wire. */
export interface WireRequest {
  method: string;
  target: string;
  /** Names in lower case. */
  headers: [string, string][];
  body: string;
}

export interface WireUpstream {
  url: string;
  /** Requests that came whole, in order. */
  requests: WireRequest[];
  /** What would let two servers read a request differently. */
  faults: string[];
  close(): Promise<void>;
}

/** What an upstream answers: bytes as latin1; `null` closes the connection. */
export type WireAnswer = (request: WireRequest, socket: Socket) => string | null;

const plainAnswer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/**
 * An upstream that reads its requests by hand and tolerates nothing, so that what the gateway sends is seen as it
 * is, and that answers with any bytes.
 */
export async function startWireUpstream(answer: WireAnswer = () => plainAnswer): Promise<WireUpstream> {
  const requests: WireRequest[] = [];
  const faults: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let text = "";
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (piece: Buffer) => {
      text += piece.toString("latin1");
      for (;;) {
        const read = readRequest(text, faults);
        if (!read) return;
        text = text.slice(read.length);
        requests.push(read.request);
        const bytes = answer(read.request, socket);
        if (bytes === null) socket.end();
        else socket.write(Buffer.from(bytes, "latin1"));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    faults,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The first request in a text, and how much of it that takes; undefined while it is not whole. */
function readRequest(text: string, faults: string[]): { request: WireRequest; length: number } | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [first = "", ...lines] = text.slice(0, headEnd).split("\r\n");
  const line = /^([\w!#$%&'*+.^`|~-]+) (\/[!-~]*) HTTP\/1\.1$/.exec(first);
  if (!line) faults.push(`request line ${JSON.stringify(first)}`);
  const headers = lines.map((header): [string, string] => {
    const match = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([\t -~\x80-\xff]*)$/.exec(header);
    if (!match) faults.push(`header ${JSON.stringify(header)}`);
    return [match?.[1]?.toLowerCase() ?? "", match?.[2] ?? ""];
  });
  const lengths = headers.filter(([name]) => name === "content-length");
  const codings = headers.filter(([name]) => name === "transfer-encoding");
  if (lengths.length + codings.length > 1) faults.push(`framing ${JSON.stringify([...lengths, ...codings])}`);
  const bodyAt = headEnd + 4;
  const body = codings.length > 0 ? readChunks(text, bodyAt) : readLength(text, bodyAt, lengths[0]?.[1]);
  if (!body) return undefined;
  const request = { method: line?.[1] ?? "", target: line?.[2] ?? "", headers, body: body.text };
  return { request, length: body.end };
}

function readLength(text: string, at: number, length = "0"): { text: string; end: number } | undefined {
  const end = at + Number(length);
  return text.length < end ? undefined : { text: text.slice(at, end), end };
}

function readChunks(text: string, start: number): { text: string; end: number } | undefined {
  let body = "";
  let at = start;
  for (;;) {
    const size = /([\da-f]+)\r\n/iy;
    size.lastIndex = at;
    const length = Number.parseInt(size.exec(text)?.[1] ?? "", 16);
    const end = size.lastIndex + length + 2;
    if (!(text.length >= end)) return undefined;
    if (length === 0) return { text: body, end };
    body += text.slice(size.lastIndex, end - 2);
    at = end;
  }
}
