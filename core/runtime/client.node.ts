import type { IncomingMessage, ServerResponse } from "node:http";
import type { Relay } from "../relay.ts";

/** What srvx hangs on a request that came through a Node server. */
interface NodeBacked {
  runtime?: { node?: Connection | Client };
}

interface Connection {
  req: IncomingMessage;
  res?: ServerResponse;
}

/**
 * The client of one request that came over our own listener. It watches the connection with a single
 * listener for all who want to know when it closes: each listener costs as much as a header.
 */
export class Client implements Connection {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The answer's body, once there is one. */
  relay: Relay | undefined = undefined;
  /** Called when the client leaves before its answer is through. */
  onGone: (() => void) | undefined = undefined;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.req = req;
    this.res = res;
    res.on("close", () => this.#closed());
    closeWithConnection(req, res);
  }

  #closed(): void {
    const { relay, onGone } = this;
    if (this.res.writableFinished) {
      relay?.delivered();
      return;
    }
    relay?.abandoned();
    onGone?.();
  }
}

/** Answers that wait behind others on their connection, because its client did not wait for those. */
const waiting = new WeakMap<IncomingMessage["socket"], Set<ServerResponse>>();

/**
 * Lets an answer hear of its connection's end while it waits for its turn: Node only tells the one whose turn it
 * is, and a call that never hears of it would never end.
 */
export function closeWithConnection({ socket }: IncomingMessage, res: ServerResponse): void {
  if (res.socket) return;
  let queue = waiting.get(socket);
  if (!queue) {
    const opened = (queue = new Set<ServerResponse>());
    waiting.set(socket, opened);
    socket.once("close", () => {
      for (const one of opened) {
        if (one.socket) continue;
        one.destroy();
        one.emit("close");
      }
    });
  }
  queue.add(res);
  res.once("close", () => queue.delete(res));
}

/** Node's side of a request; undefined where it came from elsewhere. */
export function connectionOf(request: Request): Connection | Client | undefined {
  return (request as Request & NodeBacked).runtime?.node;
}
