import type { Socket } from "node:net";
import { GatewayError } from "../errors.ts";
import { Relay } from "../relay.ts";
import { transportError } from "../transport/failure.ts";
import { FrameReader } from "./frames.ts";
import { StreamBody } from "./stream-body.node.ts";
import type { Canceller } from "../cancel.ts";

/** ms that the two sides may take to hand over their last bytes once one of them is done. */
const lingerTimeout = 10_000;
/** ms of silence after which the system asks whether a peer is still there. */
const keepAliveDelay = 30_000;

/** Two sockets joined byte for byte. What goes to the client goes through a relay, which tells how it ended. */
export class Tunnel {
  readonly relay: Relay;
  readonly #upstream: Socket;
  readonly #canceller: Canceller;
  readonly #fromUpstream = new FrameReader();
  readonly #fromClient = new FrameReader();

  /** @param upstream An open WebSocket, paused. */
  constructor(upstream: Socket, canceller: Canceller) {
    this.#upstream = upstream;
    this.#canceller = canceller;
    this.relay = new Relay(new StreamBody(upstream, () => this.#closing));
  }

  /** One of the two said that it closes: the end of a connection is no break then. */
  get #closing(): boolean {
    return this.#fromUpstream.closed || this.#fromClient.closed;
  }

  /** Gives the upstream up: nobody is to be joined to it. */
  discard(): void {
    this.relay.discard();
  }

  /** Ends the call: its client left before it could be joined. */
  abandon(): void {
    this.relay.abandoned();
    // Where clients that left are drained, there is nothing to drain here.
    this.relay.end();
    this.#upstream.destroy();
  }

  /** Lets the bytes flow. Both sockets are closed when one of them is. */
  join(client: Socket): void {
    for (const socket of [client, this.#upstream]) {
      // A WebSocket may be silent for hours.
      socket.setTimeout(0).setNoDelay(true).setKeepAlive(true, keepAliveDelay);
    }
    this.#joinEnds(client);
    this.#pumpToUpstream(client);
    this.#pumpToClient(client);
    const forget = this.#canceller.onCancel((reason) => {
      this.relay.fail(reason instanceof GatewayError ? reason : transportError("cancelled", reason));
      this.#upstream.destroy();
    });
    this.#upstream.once("close", forget);
  }

  #pumpToClient(client: Socket): void {
    const { relay } = this;
    client.on("drain", () => relay.drained());
    client.once("finish", () => relay.delivered());
    relay.open({
      write: (chunk) => {
        this.#fromUpstream.push(chunk);
        return client.write(chunk);
      },
      end: () => client.end(),
      // Without a Close frame the end itself tells the client; what came before it is still handed over.
      break: () => client.destroySoon(),
    });
  }

  #pumpToUpstream(client: Socket): void {
    const upstream = this.#upstream;
    upstream.on("drain", () => client.resume());
    client.on("data", (chunk: Uint8Array) => {
      this.#fromClient.push(chunk);
      if (upstream.writable && !upstream.write(chunk)) client.pause();
    });
    client.resume();
  }

  #joinEnds(client: Socket): void {
    const { relay } = this;
    const upstream = this.#upstream;
    client.once("end", () => {
      // After a Close frame the other side's own may still be on its way; without one the client is gone.
      if (this.#closing) upstream.end();
      else client.destroy();
    });
    client.once("close", () => {
      if (this.#closing) relay.delivered();
      else relay.abandoned();
      upstream.destroySoon();
    });
    // What the client still sends is read, so that its own end is seen.
    upstream.once("close", () => client.resume());
    linger(client, upstream);
  }
}

/** Cuts both sockets if they are not closed some time after the first sign of an end. */
function linger(client: Socket, upstream: Socket): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onEnd = (): void => {
    timer ??= setTimeout(() => {
      client.destroy();
      upstream.destroy();
    }, lingerTimeout).unref();
  };
  const onClose = (): void => {
    onEnd();
    if (client.closed && upstream.closed) clearTimeout(timer);
  };
  for (const socket of [client, upstream]) socket.once("end", onEnd).once("close", onClose);
}
