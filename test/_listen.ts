import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { requestListener } from "../core/runtime/listener.node.ts";
import { upgradeListener } from "../core/runtime/upgrade.node.ts";
import type { Gateway } from "../core/index.ts";

export interface Listening {
  url: string;
  close(): Promise<void>;
}

/** Serves a gateway with the runtime's own server: Deno.serve, or node:http as the command line does it. */
export function listen(gateway: Pick<Gateway, "fetch">): Promise<Listening> {
  return "Deno" in globalThis ? listenOnDeno(gateway) : listenOnNode(gateway);
}

async function listenOnNode(gateway: Pick<Gateway, "fetch">): Promise<Listening> {
  const server = createServer(requestListener(gateway.fetch));
  server.on("upgrade", upgradeListener(gateway.fetch));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface DenoServer {
  addr: { port: number };
  shutdown(): Promise<void>;
}

interface DenoGlobal {
  serve(
    options: { port: number; hostname: string; onListen(): void; signal: AbortSignal },
    handler: (request: Request, info: { remoteAddr: { hostname: string } }) => Promise<Response>,
  ): DenoServer;
}

async function listenOnDeno(gateway: Pick<Gateway, "fetch">): Promise<Listening> {
  const { Deno } = globalThis as unknown as { Deno: DenoGlobal };
  const abort = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, signal: abort.signal },
    (request, info) => gateway.fetch(Object.assign(request, { ip: info.remoteAddr.hostname })),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async close() {
      abort.abort();
      await Promise.resolve();
    },
  };
}
