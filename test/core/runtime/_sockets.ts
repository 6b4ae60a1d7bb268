import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { ClientOptions, RawData, ServerOptions } from "ws";
import type { Call, Outcome } from "../../../core/index.ts";
import { closeServer, listenOn, startGateway } from "../../_gateway.ts";
import type { TestGateway } from "../../_gateway.ts";

export const key = "sk-client-0123456789";
export const onDeno = "Deno" in globalThis;

/** A socket and what it has been told, with ways to wait for it. */
export interface Peer {
  socket: WebSocket;
  /** The next message: text as a string, else bytes. */
  next(): Promise<string | Buffer>;
  closed: Promise<{ code: number; reason: string }>;
}

export interface SocketUpstream {
  url: string;
  /** The handshakes that came, refused ones too. */
  handshakes: IncomingMessage[];
  /** The next socket that a gateway opened. */
  accept(): Promise<Peer>;
  /** Takes the sockets in the place of `accept`. */
  onSocket: ((peer: Peer) => void) | undefined;
  close(): Promise<void>;
}

/** Collects what comes, so that nothing is missed between two waits. */
export function peer(socket: WebSocket): Peer {
  const inbox = queue<string | Buffer>();
  socket.on("message", (data: RawData, binary: boolean) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    inbox.push(binary ? bytes : bytes.toString());
  });
  socket.on("error", () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  return { socket, next: inbox.next, closed };
}

/**
 * A real WebSocket server as an upstream.
 * @param refuse Answers a handshake itself: true when it did.
 */
export async function startSocketUpstream(
  options: ServerOptions = {},
  refuse: (req: IncomingMessage, socket: Duplex) => boolean = () => false,
): Promise<SocketUpstream> {
  const server = createServer((_req, res) => res.writeHead(426).end());
  const sockets = new WebSocketServer({ noServer: true, ...options });
  const handshakes: IncomingMessage[] = [];
  const arrived = queue<Peer>();
  const connections: Duplex[] = [];
  server.on("upgrade", (req, socket, head) => {
    handshakes.push(req);
    connections.push(socket);
    socket.on("error", () => {});
    if (refuse(req, socket)) return;
    sockets.handleUpgrade(req, socket, head, (one) => (upstream.onSocket ?? arrived.push)(peer(one)));
  });
  const upstream: SocketUpstream = {
    url: await listenOn(server),
    handshakes,
    accept: arrived.next,
    onSocket: undefined,
    async close() {
      // Node's server forgets a connection with its upgrade.
      for (const socket of connections) socket.destroy();
      await closeServer(server);
    },
  };
  return upstream;
}

/** A gateway before one upstream with the prefix `/p`. */
export function gatewayBefore(url: string, rest: object = {}): Promise<TestGateway> {
  return startGateway({
    upstreams: [{ name: "up", provider: "openai", baseURL: url, keys: ["up-secret"], prefix: "/p" }],
    keys: [{ key, name: "client" }],
    ...rest,
  });
}

/** Opens a socket through the gateway. Rejects with the status where the handshake is refused. */
export async function open(
  gateway: { url: string },
  path = "/p/v1/realtime?model=m",
  { protocols = [], ...options }: ClientOptions & { protocols?: string[] } = {},
): Promise<Peer> {
  const headers = { authorization: `Bearer ${key}` };
  const socket = new WebSocket(gateway.url.replace("http", "ws") + path, protocols, { headers, ...options });
  const opened = peer(socket);
  await new Promise<void>((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("unexpected-response", (_req, answer) => reject(refusalOf(answer)));
    socket.on("error", reject);
  });
  return opened;
}

/** The calls of a gateway as they end. */
export function endings(gateway: TestGateway): { next(): Promise<{ call: Call; outcome: Outcome }> } {
  const ended = queue<{ call: Call; outcome: Outcome }>();
  gateway.gateway.context.hooks.hook("call:finish", (call, outcome) => ended.push({ call, outcome }));
  return ended;
}

/** What a refused handshake was answered with. */
export class Refusal extends Error {
  readonly answer: IncomingMessage;
  readonly body: Promise<string>;

  constructor(answer: IncomingMessage) {
    super(`refused with ${answer.statusCode}`);
    this.answer = answer;
    this.body = answer.toArray().then((chunks) => Buffer.concat(chunks as Buffer[]).toString());
  }
}

function refusalOf(answer: IncomingMessage): Refusal {
  return new Refusal(answer);
}

/** Opens a socket that is to be refused, and tells how. */
export async function refused(...args: Parameters<typeof open>): Promise<{ status: number; body: string }> {
  try {
    const { socket } = await open(...args);
    socket.terminate();
  } catch (error) {
    if (error instanceof Refusal) return { status: error.answer.statusCode ?? 0, body: await error.body };
    throw error;
  }
  throw new Error("the socket was opened");
}

interface Queue<T> {
  push(value: T): void;
  next(): Promise<T>;
}

function queue<T>(): Queue<T> {
  const values: T[] = [];
  const takers: ((value: T) => void)[] = [];
  return {
    push(value) {
      const taker = takers.shift();
      if (taker) taker(value);
      else values.push(value);
    },
    next: () =>
      values.length > 0
        ? Promise.resolve(values.shift() as T)
        : new Promise((resolve) => takers.push(resolve)),
  };
}
