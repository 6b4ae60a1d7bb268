import { connect } from "node:net";
import { startServer } from "#serve";
import { createGateway } from "../../config/index.ts";
import type { Config, Gateway, GatewayInput } from "../../config/index.ts";
import { startWireUpstream } from "./_wire.ts";
import type { WireAnswer, WireUpstream } from "./_wire.ts";

export interface Served {
  port: number;
  gateway: Gateway;
  /** What the gateway and its server said to whoever runs them. */
  messages: string[];
  close(): Promise<void>;
}

/** A gateway behind the server that the command line starts, with that server's bounds. */
export async function serve(input: GatewayInput): Promise<Served> {
  const messages: string[] = [];
  const say = (...data: unknown[]): void => void messages.push(data.map(String).join(" "));
  const log = { debug: say, info: say, warn: say, error: say };
  const gateway = await createGateway(input, { log });
  const server = await startServer(gateway.fetch, { host: "127.0.0.1", port: 0 }, log);
  return {
    port: Number(new URL(server.url).port),
    gateway,
    messages,
    async close() {
      server.stop();
      await gateway.close(500);
      await server.close(100);
    },
  };
}

/** Runs a test before a gateway and an upstream that is read by hand; both are gone after it, however it ends. */
export async function withServed(
  config: (upstreamURL: string) => object,
  use: (served: Served, upstream: WireUpstream) => Promise<void>,
  answer?: WireAnswer,
): Promise<void> {
  const upstream = await startWireUpstream(answer);
  try {
    const { plugins = [], ...rest } = config(upstream.url) as { plugins?: object[] };
    const quiet = { ...rest, plugins: [{ "request-log": false }, ...plugins] };
    const served = await serve(quiet as Config);
    try {
      await use(served, upstream);
    } finally {
      await served.close();
    }
  } finally {
    await upstream.close();
  }
}

export interface Exchanged {
  /** All that came, as latin1. */
  text: string;
  /** False: the connection was still open when the waiting ended. */
  closed: boolean;
}

export interface Patience {
  /** ms to wait for the connection to close. */
  bound?: number;
  /** Ends the waiting early. */
  enough?(text: string): boolean;
}

/** Sends bytes as they are (a string as latin1) and takes what comes until the connection closes. */
export function exchange(
  port: number,
  bytes: string | Uint8Array,
  { bound = 60_000, enough }: Patience = {},
): Promise<Exchanged> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    });
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(finish, bound, false);
    socket.on("data", (piece: Buffer) => {
      text += piece.toString("latin1");
      if (enough?.(text)) finish(false);
    });
    // Who refuses bytes that are still coming resets the connection; what was said before that counts.
    socket.on("error", () => {});
    socket.on("close", () => finish(true));
  });
}

/** The status codes of the answers in what came, interim ones too. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})[ \r]/g)].map((match) => Number(match[1]));
}

/** The headers of the first answer, in lower case, one `name: value` each. */
export function headLines(text: string): string[] {
  const head = text.slice(0, text.indexOf("\r\n\r\n"));
  return head
    .split("\r\n")
    .slice(1)
    .map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()));
}

/** The body of the first answer as JSON. */
export function jsonOf(text: string): unknown {
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  return JSON.parse(body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1));
}
