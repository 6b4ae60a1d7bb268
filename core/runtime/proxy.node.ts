import { Agent, request as requestHTTP } from "node:http";
import { request as requestHTTPS } from "node:https";
import { isIP } from "node:net";
import { connect as connectTLS } from "node:tls";
import type { ClientRequest, ClientRequestArgs, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

type Opened = (error: Error | null, connection?: Duplex) => void;

/** An agent for one request, whose connection goes through an HTTP proxy (CONNECT, RFC 9110 section 9.3.6). */
export class ProxiedAgent extends Agent {
  readonly protocol: string;
  readonly defaultPort: number;
  readonly #proxy: URL;
  readonly #secure: boolean;
  #asking: ClientRequest | undefined;

  /** @param url What is to be reached, `http(s)://` or `ws(s)://`. */
  constructor(proxy: string, url: string) {
    super();
    this.#proxy = new URL(proxy);
    this.#secure = /^(?:https|wss):/.test(url);
    this.protocol = this.#secure ? "https:" : "http:";
    this.defaultPort = this.#secure ? 443 : 80;
  }

  override createConnection(options: ClientRequestArgs, opened: Opened): undefined {
    const host = options.host ?? "";
    const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${options.port ?? this.defaultPort}`;
    const asking = askFor(authority, this.#proxy);
    this.#asking = asking;
    asking.on("error", opened);
    asking.once("connect", ({ statusCode }: IncomingMessage, socket: Duplex) => {
      if (statusCode !== 200) {
        socket.destroy();
        opened(new Error(`the proxy answered ${statusCode}`));
        return;
      }
      const servername = isIP(host) ? "" : host;
      opened(null, this.#secure ? connectTLS({ socket, servername, host }) : socket);
    });
    asking.once("response", ({ statusCode }: IncomingMessage) => {
      asking.destroy(new Error(`the proxy answered ${statusCode}`));
    });
    asking.end();
  }

  override destroy(): void {
    this.#asking?.destroy();
    super.destroy();
  }
}

function askFor(authority: string, proxy: URL): ClientRequest {
  const open = proxy.protocol === "https:" ? requestHTTPS : requestHTTP;
  const headers: Record<string, string> = { host: authority };
  if (proxy.username) {
    const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    headers["proxy-authorization"] = `Basic ${Buffer.from(credentials).toString("base64")}`;
  }
  return open({
    agent: false,
    method: "CONNECT",
    hostname: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: proxy.port,
    path: authority,
    headers,
  });
}

/** The agent of a handshake: a connection of its own, which no pool takes back. */
export function agentFor(url: string, proxy: string | undefined): ProxiedAgent | false {
  return proxy === undefined ? false : new ProxiedAgent(proxy, url);
}
