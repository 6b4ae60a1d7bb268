import type { OnClientGone } from "./config.ts";
import type { BodySink, WireBody } from "./transport/types.ts";

/** How a relayed body ended. */
export type RelayResult = "complete" | "client-gone" | "broken";

/** What the gateway does with a body that passes. */
export interface RelayHooks {
  /** Sees each piece on its way to the client. */
  chunk(chunk: Uint8Array): void;
  /** Called once, after the last byte. */
  done(result: RelayResult, error?: unknown): void;
  /** Bytes that tell the client of a break in the middle, before its connection is cut. */
  brokenTail(error: unknown): Uint8Array | undefined;
  /** What happens to the upstream when the client leaves. */
  onClientGone(): OnClientGone;
  /** How long a drained upstream may go on, ms. */
  drainTimeout: number;
}

/** Where a relayed body goes: a Node response, or the controller of a web stream. */
export interface RelayOutlet {
  /** False when the outlet is full: the relay waits for `drained()`. */
  write(chunk: Uint8Array): boolean;
  end(): void;
  /** Cuts the connection, so that the client cannot take what it has for the whole. */
  break(error: unknown, tail: Uint8Array | undefined): void;
}

/**
 * One body on its way from an upstream (or from memory) to the client: the one place that knows
 * whether it arrived whole. It holds at most one piece beyond what the outlet holds.
 */
export class Relay implements BodySink {
  readonly source: WireBody | Uint8Array;
  hooks: RelayHooks | undefined;
  #outlet: RelayOutlet | undefined;
  #over = false;
  #draining: ReturnType<typeof setTimeout> | undefined;

  constructor(source: WireBody | Uint8Array) {
    this.source = source;
  }

  /** Starts the flow. For bytes in memory the outlet says itself when they are through (`delivered`). */
  open(outlet: RelayOutlet): void {
    this.#outlet = outlet;
    if (this.source instanceof Uint8Array) {
      this.hooks?.chunk(this.source);
      outlet.write(this.source);
      outlet.end();
    } else {
      this.source.start(this);
    }
  }

  chunk(chunk: Uint8Array): void {
    if (this.#over) return;
    this.hooks?.chunk(chunk);
    if (this.#draining) return;
    if (this.#outlet?.write(chunk) === false) (this.source as WireBody).pause();
  }

  end(): void {
    if (this.#draining) this.#finish("client-gone");
    else this.#outlet?.end();
  }

  fail(error: unknown): void {
    if (this.#over) return;
    if (this.#draining) {
      this.#finish("client-gone");
      return;
    }
    const tail = this.hooks?.brokenTail(error);
    this.#finish("broken", error);
    this.#outlet?.break(error, tail);
  }

  /** The outlet has room again. */
  drained(): void {
    if (!(this.source instanceof Uint8Array)) this.source.resume();
  }

  /** The outlet handed its last byte on. */
  delivered(): void {
    this.#finish("complete");
  }

  /** The client left before the end. */
  abandoned(reason?: unknown): void {
    if (this.#over || this.#draining) return;
    const { source, hooks } = this;
    // An answer that is here whole tells what it cost, though nobody takes it.
    if (source instanceof Uint8Array && !this.#outlet) hooks?.chunk(source);
    if (source instanceof Uint8Array || hooks?.onClientGone() !== "drain") {
      this.#finish("client-gone");
      if (!(source instanceof Uint8Array)) source.cancel(reason);
      return;
    }
    this.#draining = setTimeout(() => {
      source.cancel();
      this.#finish("client-gone");
    }, hooks.drainTimeout);
    if (this.#outlet) source.resume();
    else source.start(this);
  }

  /** Gives the body up before anyone took it. */
  discard(): void {
    this.#over = true;
    if (!(this.source instanceof Uint8Array)) this.source.cancel();
  }

  #finish(result: RelayResult, error?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#draining);
    this.hooks?.done(result, error);
  }
}
