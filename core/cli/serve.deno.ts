import { StartError } from "./failure.ts";
import { httpsFailure, listenFailure, serverURL } from "./serve.ts";
import type {
  FromWorker,
  HttpsOptions,
  ListenOptions,
  SpawnWorker,
  StartServer,
  Supervisor,
  ToWorker,
} from "./serve.ts";

/** The part of Deno that is used here. */
interface DenoNamespace {
  serve(
    options: {
      hostname: string;
      port: number;
      reusePort?: boolean;
      cert?: string;
      key?: string;
      onListen?: () => void;
      onError?: (error: unknown) => Response;
    },
    handler: (request: Request, info: { remoteAddr: { hostname?: string } }) => Promise<Response>,
  ): { addr: { port: number }; finished: Promise<void>; shutdown(): Promise<void> };
  readTextFile(path: string): Promise<string>;
}

declare const Deno: DenoNamespace;

/** Why this runtime cannot do what the flags ask, or undefined. */
export function unsupported(options: ListenOptions, workers: number): string | undefined {
  const names = ["tunnel", "clipboard", "open", "qr"] as const;
  const asked = names.filter((name) => options[name]).map((name) => `--${name}`);
  const { https } = options;
  if (https && !(https.cert && https.key))
    asked.push(https.pfx ? "--https.pfx" : "--https with a generated certificate");
  if (https?.passphrase) asked.push("--https.passphrase");
  if (asked.length > 0) {
    const way = https ? ", or give --https.cert and --https.key" : "";
    return `${asked.join(" and ")} cannot be had on Deno: run sluice on Node${way}`;
  }
  if (workers > 1 && !reusePortWorks()) {
    return "--workers needs to share a port, which Deno only does with its --unstable-net flag: deno run -A --unstable-net …";
  }
  return undefined;
}

/** Trying it out without the flag would end the process; the flag brings another function too. */
function reusePortWorks(): boolean {
  return "listenDatagram" in Deno;
}

export const startServer: StartServer = async (fetch, options, log) => {
  const { host, port, https } = options;
  const tls = await readCertificate(https);
  // Deno bounds neither the time that a request's head may take nor that of an idle connection, and offers no way to.
  const listen = () =>
    Deno.serve(
      {
        hostname: host || "0.0.0.0",
        port,
        reusePort: supervisor() !== undefined,
        ...tls,
        onListen: () => {},
        onError: (error) => {
          log.error(`server: ${String(error)}`);
          return new Response(null, { status: 500 });
        },
      },
      // The request tells the peer's address as srvx's requests do.
      (request, info) => fetch(Object.assign(request, { ip: info.remoteAddr.hostname })),
    );
  let server: ReturnType<typeof listen>;
  try {
    server = listen();
  } catch (error) {
    const { name } = error as { name?: string };
    const reason =
      https && name === "InvalidData" ? httpsFailure(error) : listenFailure(codeOf(error), host, port);
    throw new StartError(reason, { cause: error });
  }
  let stopped: Promise<void> | undefined;
  const stop = (): void => void (stopped ??= server.shutdown().catch(() => {}));
  return {
    url: serverURL(https ? "https" : "http", host, server.addr.port),
    stop,
    async close(grace) {
      stop();
      // Deno cuts no connection of a server that is shutting down: what outlasts this ends with the process.
      let timer: ReturnType<typeof setTimeout> | undefined;
      const over = new Promise((resolve) => (timer = setTimeout(resolve, grace)));
      await Promise.race([server.finished, over]);
      clearTimeout(timer);
    },
  };
};

async function readCertificate(https: HttpsOptions | undefined): Promise<{ cert?: string; key?: string }> {
  if (!https?.cert || !https.key) return {};
  try {
    return { cert: await Deno.readTextFile(https.cert), key: await Deno.readTextFile(https.key) };
  } catch (error) {
    throw new StartError(httpsFailure(error), { cause: error });
  }
}

function codeOf(error: unknown): string | undefined {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (name === "AddrInUse") return "EADDRINUSE";
  if (name === "PermissionDenied") return "EACCES";
  if (name === "AddrNotAvailable") return "EADDRNOTAVAIL";
  if (/failed to lookup address|invalid host/.test(message ?? "")) return "ENOTFOUND";
  return code ?? message;
}

/** What a worker of the web has that the page has not. */
interface WorkerScope {
  WorkerGlobalScope?: new () => unknown;
  postMessage(message: FromWorker): void;
  addEventListener(type: "message", listener: (event: { data: ToWorker }) => void): void;
  close(): void;
}

export const spawnWorker: SpawnWorker = (number, events) => {
  const worker = new Worker(new URL("worker.ts", import.meta.url), {
    type: "module",
    name: `sluice-${number}`,
  });
  let over = false;
  const exit = (reason: string): void => {
    if (!over) events.exit(reason);
    over = true;
  };
  worker.addEventListener("message", (event: MessageEvent<FromWorker>) => {
    if (event.data.type === "exit") exit(`status ${event.data.status}`);
    else events.message(event.data);
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    exit(event.message);
  });
  return {
    send: (message) => worker.postMessage(message),
    kill() {
      worker.terminate();
      exit("killed");
    },
  };
};

/** The supervisor of this thread, when it is a worker. */
export function supervisor(): Supervisor | undefined {
  const scope = globalThis as unknown as WorkerScope;
  if (!scope.WorkerGlobalScope || !(globalThis instanceof scope.WorkerGlobalScope)) return undefined;
  return {
    send: (message) => scope.postMessage(message),
    onMessage: (listener) => scope.addEventListener("message", (event) => listener(event.data)),
    exit(status) {
      scope.postMessage({ type: "exit", status });
      scope.close();
    },
  };
}
