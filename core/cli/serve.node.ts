import cluster from "node:cluster";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { createServer } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { listen } from "listhen";
import type { Listener } from "listhen";
import { requestListener, upgradeListener } from "#runtime";
import { StartError } from "./failure.ts";
import { admit, harden } from "./harden.node.ts";
import { httpsFailure, listenFailure, serverURL } from "./serve.ts";
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
  const handle = requestListener(fetch);
  const signals = listenersOf(["SIGINT", "SIGTERM", "SIGHUP"]);
  const listener = await listenOn((req, res) => {
    if (admit(req, res)) handle(req, res);
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
      hostname: anyHost ? host : await addressOf(host, port),
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
    if (error instanceof StartError) throw error;
    if (name !== "GetPortError" && syscall !== "listen") {
      throw options.https ? new StartError(httpsFailure(error), { cause: error }) : error;
    }
    const reason = syscall ? code : await probe(host, port);
    throw new StartError(listenFailure(reason, host, port), { cause: error });
  } finally {
    process.off("uncaughtException", onLoss);
  }
}

/** A host's address: for names that it does not like (spaces, underscores, many letters), listhen takes localhost. */
async function addressOf(host: string, port: number): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(listenFailure(code, host, port), { cause: error });
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

/** What a worker says first. */
const listening = "listening";

export const spawnWorker: SpawnWorker = (_number, events) => {
  const file = import.meta.url.endsWith(".ts") ? "worker.ts" : "worker.js";
  cluster.setupPrimary({ exec: fileURLToPath(new URL(file, import.meta.url)), args: [] });
  const worker = cluster.fork();
  // A worker that is a module listens only once it is loaded; what came before is lost.
  let waiting: ToWorker[] | undefined = [];
  const send = (message: ToWorker): void => {
    if (waiting) waiting.push(message);
    else if (worker.isConnected()) worker.send(message);
  };
  worker.on("message", (message: FromWorker | typeof listening) => {
    if (message !== listening) return events.message(message);
    const messages = waiting ?? [];
    waiting = undefined;
    for (const early of messages) send(early);
  });
  worker.on("exit", (code, signal) => events.exit(signal ? `signal ${signal}` : `status ${code}`));
  worker.on("error", () => {});
  return {
    send,
    kill: () => void worker.process.kill("SIGKILL"),
  };
};

/** The supervisor of this process, when it is a worker. */
export function supervisor(): Supervisor | undefined {
  if (!cluster.isWorker) return undefined;
  return {
    send: (message) => void (process.connected && process.send?.(message)),
    onMessage(listener) {
      process.on("message", (message) => listener(message as ToWorker));
      process.send?.(listening);
    },
    exit: (status) => process.exit(status),
  };
}
