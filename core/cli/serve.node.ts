import cluster from "node:cluster";
import { once } from "node:events";
import type { RequestListener, Server as HttpServer } from "node:http";
import { createServer } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { listen } from "listhen";
import type { Listener } from "listhen";
import { toNodeHandler } from "srvx/node";
import { upgradeListener } from "#runtime";
import { StartError } from "./failure.ts";
import { harden, toOriginForm } from "./harden.node.ts";
import { listenFailure, serverURL } from "./serve.ts";
import type {
  FromWorker,
  ListenOptions,
  Server,
  SpawnWorker,
  StartServer,
  Supervisor,
  ToWorker,
} from "./serve.ts";

/** A range from more to less is empty. */
const noPorts: [number, number] = [1, 0];

/** Why this runtime cannot do what the flags ask, or undefined. */
export function unsupported(_options: ListenOptions, _workers: number): string | undefined {
  return undefined;
}

export const startServer: StartServer = async (fetch, options, log) => {
  const handle = toNodeHandler((request) => fetch(request)) as RequestListener;
  const signals = listenersOf(["SIGINT", "SIGTERM", "SIGHUP"]);
  const listener = await listenOn((req, res) => {
    if (toOriginForm(req, res)) void handle(req, res);
  }, options);
  // A tunnel ends the process on a signal, with the calls in flight; here the tunnel is closed after them.
  signals.restore();
  const { server } = listener;
  harden(server as HttpServer);
  server.on("upgrade", upgradeListener(fetch));
  // Such as too many open files: this connection is lost, the server is not.
  server.on("error", (error) => log.error(`server: ${error.message}`));
  if (options.tunnel || options.qr || options.clipboard) await listener.showURL({ qr: options.qr ?? false });
  return nodeServer(listener, options);
};

function nodeServer(listener: Listener, options: ListenOptions): Server {
  const { server } = listener;
  const closed = once(server, "close");
  let sweep: ReturnType<typeof setInterval> | undefined;
  return {
    url: serverURL(options.https ? "https" : "http", options.host, listener.address.port),
    stop() {
      if (sweep) return;
      server.close();
      // A connection that was busy at the stop and is kept alive after its answer would hold the server open.
      sweep = setInterval(() => server.closeIdleConnections(), 50);
    },
    async close(grace) {
      this.stop();
      const timer = setTimeout(() => cut(server), grace);
      await closed;
      clearTimeout(timer);
      clearInterval(sweep);
      await listener.close();
    },
  };
}

/** Ends all connections, WebSockets too: listhen puts this onto its servers. */
function cut(server: Listener["server"]): void {
  (server as typeof server & { forceShutdown(done?: () => void): void }).forceShutdown();
}

async function listenOn(handle: Parameters<typeof listen>[0], options: ListenOptions): Promise<Listener> {
  const { host, port } = options;
  const anyHost = host === "" || host === "0.0.0.0" || host === "::";
  // listhen tries the port, closes it and takes it again: who takes it in between shows as an uncaught error.
  let onLoss: (error: NodeJS.ErrnoException) => void = () => {};
  const lost = new Promise<never>((_, reject) => (onLoss = reject));
  process.on("uncaughtException", onLoss);
  try {
    const listening = listen(handle, {
      hostname: host,
      // Exactly this port: left to itself, listhen takes another one when it is in use.
      port: { port, random: port === 0, ports: [], alternativePortRange: noPorts, verbose: false },
      public: anyHost,
      https: options.https ?? false,
      tunnel: options.tunnel ?? false,
      clipboard: options.clipboard ?? false,
      open: options.open ?? false,
      showURL: false,
      autoClose: false,
      isProd: false,
      isTest: false,
    });
    const listener = await Promise.race([listening, lost]);
    if (port === 0 || listener.address.port === port) return listener;
    await listener.close();
    throw new StartError(`port ${port} cannot be used: browsers refuse it; choose another with --port`);
  } catch (error) {
    const { name, syscall, code } = error as NodeJS.ErrnoException;
    if (name !== "GetPortError" && syscall !== "listen") throw error;
    const reason = syscall ? code : await probe(host, port);
    throw new StartError(listenFailure(reason, host, port), { cause: error });
  } finally {
    process.off("uncaughtException", onLoss);
  }
}

/** The code of the error that keeps this process from listening there; listhen only says that it did not work. */
async function probe(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ host: host || undefined, port, exclusive: true });
    await once(server, "listening");
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    server.close();
  }
}

/** Remembers who listens to signals, to take away those that come later. */
function listenersOf(names: NodeJS.Signals[]): { restore(): void } {
  const before = names.map((name) => ({ name, listeners: process.listeners(name) }));
  return {
    restore() {
      for (const { name, listeners } of before) {
        for (const listener of process.listeners(name)) {
          if (!listeners.includes(listener)) process.off(name, listener);
        }
      }
    },
  };
}

export const spawnWorker: SpawnWorker = (_number, events) => {
  const here = fileURLToPath(import.meta.url);
  cluster.setupPrimary({ exec: here.replace(/serve\.node(\.\w+)$/, "worker$1"), args: [] });
  const worker = cluster.fork();
  worker.on("message", (message: FromWorker) => events.message(message));
  worker.on("exit", (code, signal) => events.exit(signal ? `signal ${signal}` : `status ${code}`));
  worker.on("error", () => {});
  return {
    send: (message) => void (worker.isConnected() && worker.send(message)),
    kill: () => void worker.process.kill("SIGKILL"),
  };
};

/** The supervisor of this process, when it is a worker. */
export function supervisor(): Supervisor | undefined {
  if (!cluster.isWorker) return undefined;
  return {
    send: (message) => void (process.connected && process.send?.(message)),
    onMessage: (listener) => void process.on("message", (message) => listener(message as ToWorker)),
    exit: (status) => process.exit(status),
  };
}
