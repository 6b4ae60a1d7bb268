import { STATUS_CODES } from "node:http";
import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { FastResponse } from "srvx/node";
import { reasonPhrase } from "../headers.ts";
import { GatheringWriter } from "./gather.node.ts";
import * as web from "./web.ts";
import type { Relay, RelayHooks } from "../relay.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { Client } from "./client.node.ts";

/** A ResponseInit over header pairs: what a Headers object is made of is made when one is asked for. */
class LazyInit {
  readonly status: number;
  readonly statusText: string;
  readonly #pairs: HeaderPairs;

  constructor(status: number, statusText: string, pairs: HeaderPairs) {
    this.status = status;
    this.statusText = statusText;
    this.#pairs = pairs;
  }

  get headers(): [string, string][] {
    const tuples: [string, string][] = [];
    const pairs = this.#pairs;
    for (let i = 0; i < pairs.length; i += 2) tuples.push([pairs[i] ?? "", pairs[i + 1] ?? ""]);
    return tuples;
  }
}

/** What srvx does with a body that is no web stream: `destroy` where the client left before there was one. */
class Pipeable {
  readonly relay: Relay;
  taken = false;

  constructor(relay: Relay) {
    this.relay = relay;
  }

  pipe(target: Writable): void {
    this.taken = true;
    target.on("close", () => {
      if (target.writableFinished) this.relay.delivered();
      else this.relay.abandoned();
    });
    pour(this.relay, target);
  }

  destroy(): void {
    this.relay.abandoned();
  }
}

/**
 * srvx's light Response with a body that writes itself straight to Node's response. Where a plugin looks at
 * the body or the headers, it is a Response like any other.
 */
export class RelayedResponse extends FastResponse {
  readonly relay: Relay;
  readonly #pairs: HeaderPairs;
  readonly #body: Pipeable;
  #headersTaken = false;

  constructor(status: number, statusText: string, pairs: HeaderPairs, relay: Relay) {
    const body = new Pipeable(relay);
    super(body as unknown as BodyInit, new LazyInit(status, statusText, pairs));
    this.relay = relay;
    this.#pairs = pairs;
    this.#body = body;
  }

  override get headers(): Headers {
    this.#headersTaken = true;
    return super.headers;
  }

  /** Whether nobody has looked at it yet, so that it can be written without becoming a web Response. */
  get untouched(): boolean {
    return !this.#headersTaken && !this.#body.taken;
  }

  /** Sets headers without making a Headers object, as long as nobody else made one. */
  set(headers: HeaderPairs): void {
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? "";
      const value = headers[i + 1] ?? "";
      if (this.#headersTaken) {
        this.headers.set(name, value);
        continue;
      }
      const pairs = this.#pairs;
      let at = 0;
      while (at < pairs.length && pairs[at] !== name) at += 2;
      pairs[at] = name;
      pairs[at + 1] = value;
    }
  }

  /** Writes an untouched answer to its client. */
  writeTo(client: Client): void {
    const { res, req } = client;
    const { relay } = this;
    if (res.destroyed) {
      relay.abandoned();
      return;
    }
    client.relay = relay;
    res.writeHead(this.status, this.statusText, this.#pairs);
    if (req.method === "HEAD") {
      relay.discard();
      res.end();
      return;
    }
    pour(relay, res);
  }
}

/** Lets a relay flow into a Node stream. Who calls it watches for the stream's end. */
function pour(relay: Relay, target: Writable): void {
  const response = "writeHead" in target ? (target as ServerResponse) : undefined;
  if (relay.source instanceof Uint8Array) {
    const { source } = relay;
    relay.open({ write: () => true, end: () => endWith(target, source, response), break: () => {} });
    return;
  }
  if (target.destroyed) {
    relay.abandoned();
    return;
  }
  const writer = new GatheringWriter(target);
  target.on("drain", () => {
    writer.drained();
    relay.drained();
  });
  let begun = false;
  relay.open({
    write(chunk) {
      begun = true;
      return writer.write(chunk);
    },
    end() {
      writer.flush();
      target.end();
    },
    break(error, tail) {
      writer.flush();
      const cut = (): void => {
        if (response) cutOff(response);
        else target.destroy(error as Error);
      };
      if (tail && target.writable) target.write(tail, cut);
      else cut();
    },
  });
  // The head goes out at once: a client may wait for it long before the first piece comes.
  if (!begun && response?.writable) response.flushHeaders();
}

/** Ends an answer so that its client sees that it is not whole. */
function cutOff(response: ServerResponse): void {
  const { socket, req } = response;
  // Where the answer has neither length nor chunks, a connection closed in order would be its proper end.
  if (req.httpVersion === "1.0" && socket && !("encrypted" in socket)) socket.resetAndDestroy();
  else response.destroy();
}

/** Up to this, copying a body costs less than a second buffer on its way into the socket. */
const joinedLimit = 16 * 1024;

/** Node joins a string to the head and writes both at once; as latin1 the bytes stay what they are. */
function endWith(target: Writable, bytes: Uint8Array, response: ServerResponse | undefined): void {
  if (!response || bytes.byteLength > joinedLimit) {
    target.end(bytes);
    return;
  }
  const { buffer, byteOffset, byteLength } = bytes;
  const whole = Buffer.isBuffer(bytes) ? bytes : Buffer.from(buffer, byteOffset, byteLength);
  target.end(whole.toString("latin1"), "latin1");
}

export function respond(
  status: number,
  statusText: string,
  headers: HeaderPairs,
  relay: Relay | null,
): Response {
  const usual = STATUS_CODES[status] ?? "";
  const text = statusText === usual ? usual : reasonPhrase(statusText) || usual;
  if (relay) return new RelayedResponse(status, text, headers, relay);
  return new FastResponse(null, new LazyInit(status, text, headers));
}

export function relayOf(response: Response): Relay | undefined {
  return response instanceof RelayedResponse ? response.relay : undefined;
}

export function attach(relay: Relay, hooks: RelayHooks): void {
  relay.hooks = hooks;
}

export function setHeaders(response: Response, headers: HeaderPairs): Response {
  if (!(response instanceof RelayedResponse)) return web.setHeaders(response, headers);
  response.set(headers);
  return response;
}
