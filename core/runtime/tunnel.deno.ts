import { GatewayError } from "../errors.ts";
import { Relay } from "../relay.ts";
import { transportError } from "../transport/failure.ts";
import type { Canceller } from "../cancel.ts";

type Message = string | ArrayBuffer;

/** How much may wait for a side that takes its messages slowly. Nothing here can slow the other side down. */
const backlogLimit = 16 * 1024 * 1024;
/** ms that the client's socket may take to open, and to close. */
const patience = 10_000;
const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  noStatus: 1005,
  internalError: 1011,
  tryAgainLater: 1013,
};
const opened = Promise.resolve();
const encoder = new TextEncoder();

/** Two WebSockets joined message by message. What goes to the client is told to a relay, and how it ended. */
export class Tunnel {
  readonly relay: Relay;
  readonly #upstream: WebSocket;
  readonly #canceller: Canceller;
  #client: WebSocket | undefined;
  /** What came before the client's socket was open. */
  #waiting: Message[] = [];
  #waitingSize = 0;
  #closeClient: (() => void) | undefined;
  #ended = false;
  #forget: (() => void) | undefined;
  #overdue: ReturnType<typeof setTimeout> | undefined;

  /** @param upstream May still be connecting: no message is missed. */
  constructor(upstream: WebSocket, canceller: Canceller) {
    this.#upstream = upstream;
    this.#canceller = canceller;
    this.relay = new Relay({
      ready: () => opened,
      start() {},
      pause() {},
      resume() {},
      cancel: () => this.discard(),
    });
    upstream.binaryType = "arraybuffer";
    upstream.addEventListener("message", (event) => this.#toClient(event.data as Message));
  }

  /** Gives the upstream up: nobody is to be joined to it. */
  discard(): void {
    this.#end(() => this.#client?.close());
    this.#upstream.close();
  }

  /** Lets the messages flow, as soon as the client's socket is open. */
  join(client: WebSocket): void {
    this.#client = client;
    const upstream = this.#upstream;
    client.binaryType = "arraybuffer";
    this.#overdue = setTimeout(() => this.#clientClosed(false), patience);
    client.addEventListener("open", () => this.#opened());
    client.addEventListener("message", (event) => this.#send(upstream, event.data as Message));
    client.addEventListener("close", (event) => this.#clientClosed(event.wasClean, event));
    upstream.addEventListener("close", (event) => this.#upstreamClosed(event));
    this.#forget = this.#canceller.onCancel((reason) => {
      const error = reason instanceof GatewayError ? reason : transportError("cancelled", reason);
      this.#break(error, closeCodes.goingAway);
    });
  }

  #opened(): void {
    clearTimeout(this.#overdue);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) this.#toClient(message);
    this.#closeClient?.();
  }

  #toClient(message: Message): void {
    const bytes = typeof message === "string" ? encoder.encode(message) : new Uint8Array(message);
    if (this.#client?.readyState === WebSocket.OPEN) {
      this.relay.chunk(bytes);
      this.#send(this.#client, message);
      return;
    }
    this.#waiting.push(message);
    this.#waitingSize += bytes.byteLength;
    if (this.#waitingSize > backlogLimit) this.#fallBehind();
  }

  #send(socket: WebSocket, message: Message): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(message);
    if (socket.bufferedAmount > backlogLimit) this.#fallBehind();
  }

  #fallBehind(): void {
    const message = "One side of a WebSocket takes its messages too slowly.";
    this.#break(
      new GatewayError(message, { status: 502, code: "websocket_backlog" }),
      closeCodes.tryAgainLater,
    );
  }

  #clientClosed(clean: boolean, event?: CloseEvent): void {
    if (clean || (this.#ended && event)) this.relay.delivered();
    else this.relay.abandoned();
    // Where clients that left are drained, there is nothing to drain here.
    this.relay.end();
    if (!this.#ended) closeUpstream(this.#upstream, event);
    this.#end(() => {});
    clearTimeout(this.#overdue);
  }

  #upstreamClosed({ wasClean, code, reason }: CloseEvent): void {
    if (!wasClean) {
      // No socket of this runtime can be cut: the code has to tell that this was no regular end.
      this.#break(
        transportError("connection_lost", new Error(`closed with ${code}`)),
        closeCodes.internalError,
      );
      return;
    }
    this.#end(() => {
      if (code === closeCodes.noStatus) this.#client?.close();
      else this.#client?.close(code, reason);
    });
  }

  #break(error: GatewayError, code: number): void {
    if (this.#ended) return;
    this.relay.fail(error);
    this.#end(() => this.#client?.close(code));
    this.#upstream.close();
  }

  /** Ends the tunnel once; the client's socket is closed when it is open. */
  #end(closeClient: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#forget?.();
    clearTimeout(this.#overdue);
    if (this.#client) this.#overdue = setTimeout(() => this.#clientClosed(false), patience);
    if (this.#client?.readyState === WebSocket.CONNECTING) this.#closeClient = closeClient;
    else closeClient();
  }
}

/** A client's socket, such as ours to the upstream, may only send some of the codes that it may receive. */
function closeUpstream(upstream: WebSocket, event: CloseEvent | undefined): void {
  const code = event?.code ?? 0;
  if (code === closeCodes.normal || (code >= 3000 && code < 5000)) upstream.close(code, event?.reason);
  else upstream.close();
}
