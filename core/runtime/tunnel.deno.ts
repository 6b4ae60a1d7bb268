import type { WebSocket as UpstreamSocket } from "ws";
import { GatewayError } from "../errors.ts";
import { Relay } from "../relay.ts";
import { transportError } from "../transport/failure.ts";
import type { Canceller } from "../cancel.ts";

/** Bytes that may wait for the client before the upstream is read no further, and for the upstream before both are given up. */
const backlogLimit = { client: 1024 * 1024, upstream: 16 * 1024 * 1024 };
/** ms between looks at whether the client has taken what waits for it: its socket does not tell. */
const lookInterval = 10;
/** ms that the client's socket may take to open, and to close. */
const patience = 10_000;
const closeCodes = { goingAway: 1001, noStatus: 1005, lost: 1006, internalError: 1011, tryAgainLater: 1013 };
const opened = Promise.resolve();

/** Two WebSockets joined message by message. What goes to the client is told to a relay, and how it ended. */
export class Tunnel {
  readonly relay: Relay;
  readonly #upstream: UpstreamSocket;
  readonly #canceller: Canceller;
  #client: WebSocket | undefined;
  /** What came before the client's socket was open: little, for the upstream is paused until then. */
  #waiting: (() => void)[] | undefined = [];
  #ended = false;
  #forget: (() => void) | undefined;
  #overdue: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;

  /** @param upstream Open and paused. */
  constructor(upstream: UpstreamSocket, canceller: Canceller) {
    this.#upstream = upstream;
    this.#canceller = canceller;
    this.relay = new Relay({
      ready: () => opened,
      start() {},
      pause() {},
      resume() {},
      cancel: () => this.discard(),
    });
    upstream.on("message", (data: Buffer, binary) => this.#onceOpen(() => this.#toClient(data, binary)));
    upstream.once("close", (code, reason) =>
      this.#onceOpen(() => this.#upstreamClosed(code, reason.toString())),
    );
  }

  /** Gives the upstream up: nobody is to be joined to it. */
  discard(): void {
    this.#end();
    this.#upstream.terminate();
  }

  /** Lets the messages flow, as soon as the client's socket is open. */
  join(client: WebSocket): void {
    this.#client = client;
    client.binaryType = "arraybuffer";
    client.addEventListener("open", () => this.#opened());
    client.addEventListener("message", (event) => this.#toUpstream(event.data as string | ArrayBuffer));
    client.addEventListener("close", (event) => this.#clientClosed(event));
    this.#overdue = setTimeout(() => this.#clientClosed(), patience);
  }

  #opened(): void {
    clearTimeout(this.#overdue);
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#forget = this.#canceller.onCancel((reason) => {
      const error = reason instanceof GatewayError ? reason : transportError("cancelled", reason);
      this.#break(error, closeCodes.goingAway);
    });
    for (const act of waiting) act();
    this.#upstream.resume();
  }

  #onceOpen(act: () => void): void {
    if (this.#waiting) this.#waiting.push(act);
    else act();
  }

  #toClient(data: Buffer, binary: boolean): void {
    const client = this.#client;
    if (this.#ended || client?.readyState !== WebSocket.OPEN) return;
    this.relay.chunk(data);
    client.send(binary ? (data as Buffer<ArrayBuffer>) : data.toString());
    if (client.bufferedAmount <= backlogLimit.client || this.#looking) return;
    this.#upstream.pause();
    this.#looking = setInterval(() => {
      if (client.bufferedAmount > backlogLimit.client) return;
      this.#stopLooking();
      this.#upstream.resume();
    }, lookInterval);
  }

  #stopLooking(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** A client's socket cannot be paused here: an upstream that falls far behind ends the tunnel. */
  #toUpstream(message: string | ArrayBuffer): void {
    const upstream = this.#upstream;
    if (upstream.readyState !== upstream.OPEN) return;
    if (upstream.bufferedAmount > backlogLimit.upstream) {
      const text = "The upstream takes the messages of a WebSocket too slowly.";
      const error = new GatewayError(text, { status: 502, code: "websocket_backlog" });
      this.#break(error, closeCodes.tryAgainLater);
      return;
    }
    upstream.send(message);
  }

  /** @param event Absent when the client neither opened nor closed its socket in time. */
  #clientClosed(event?: CloseEvent): void {
    if (event && (event.wasClean || this.#ended)) this.relay.delivered();
    else this.relay.abandoned();
    // Where clients that left are drained, there is nothing to drain here.
    this.relay.end();
    if (event?.wasClean) close(this.#upstream, event.code, event.reason);
    else this.#upstream.terminate();
    this.#end();
    clearTimeout(this.#overdue);
  }

  #upstreamClosed(code: number, reason: string): void {
    if (code === closeCodes.lost) {
      // No socket of this runtime can be cut: the code has to tell that this was no regular end.
      this.#break(transportError("connection_lost", undefined), closeCodes.internalError);
      return;
    }
    this.#end();
    if (this.#client) close(this.#client, code, reason);
  }

  #break(error: GatewayError, code: number): void {
    if (this.#ended) return;
    this.relay.fail(error);
    this.#end();
    this.#client?.close(code);
    this.#upstream.terminate();
  }

  /** Ends the flow; what is left is the closing of the client's socket. */
  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#forget?.();
    this.#stopLooking();
    clearTimeout(this.#overdue);
    if (this.#client) this.#overdue = setTimeout(() => this.#clientClosed(), patience);
  }
}

/** Closes a socket as the other one was closed. */
function close(socket: WebSocket | UpstreamSocket, code: number, reason: string): void {
  if (code === closeCodes.noStatus) socket.close();
  else socket.close(code, reason);
}
