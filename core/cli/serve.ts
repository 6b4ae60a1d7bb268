import type { Failure } from "./failure.ts";
import type { Log } from "../context.ts";

/** HTTPS, as `--https…` says it. */
export interface HttpsOptions {
  /** PEM files. Without them (and without `pfx`) a certificate is generated. */
  cert?: string;
  key?: string;
  /** PKCS#12 file in place of both. */
  pfx?: string;
  passphrase?: string;
  /** Of the generated certificate. */
  validityDays?: number;
  domains?: string[];
}

/** Where to listen, and what to do with the address. */
export interface ListenOptions {
  host: string;
  /** 0 takes any free one. */
  port: number;
  https?: HttpsOptions;
  tunnel?: boolean;
  clipboard?: boolean;
  open?: boolean;
  qr?: boolean;
}

/** A server that is listening. */
export interface Server {
  /** Without a trailing slash; for any-host addresses the local one. */
  readonly url: string;
  /** Takes no new connections; those that idle are closed. Answers that are on their way go on. */
  stop(): void;
  /** Waits until all connections are closed, at most `grace` ms; then cuts them, where the runtime can. */
  close(grace: number): Promise<void>;
}

/** What a server needs of a gateway. */
export type Fetch = (request: Request) => Promise<Response>;

/** Starts listening. Rejects with a StartError that says what is in the way. */
export type StartServer = (fetch: Fetch, options: ListenOptions, log: Log) => Promise<Server>;

/** What the supervisor tells a worker. */
export type ToWorker =
  | { type: "start"; flags: unknown; number: number }
  | { type: "reload"; id: number }
  | { type: "reload-answer"; id: number; failure?: Failure }
  | { type: "stop" };

/** What a worker tells its supervisor. */
export type FromWorker =
  | { type: "ready"; url: string }
  | { type: "failed"; failure: Failure }
  | { type: "reloaded"; id: number; failure?: Failure }
  | { type: "reload-request"; id: number }
  /** Sent by threads, which have no exit status of their own. */
  | { type: "exit"; status: number };

/** A worker as its supervisor sees it. */
export interface Worker {
  send(message: ToWorker): void;
  /** Ends it at once. */
  kill(): void;
}

/** What a supervisor wants to hear of a worker. `exit` comes once, and last. */
export interface WorkerEvents {
  message(message: FromWorker): void;
  exit(reason: string): void;
}

/** Starts a worker that shares the port with the others. */
export type SpawnWorker = (number: number, events: WorkerEvents) => Worker;

/** The supervisor as a worker sees it. */
export interface Supervisor {
  send(message: FromWorker): void;
  onMessage(listener: (message: ToWorker) => void): void;
  /** Ends this worker. */
  exit(status: number): void;
}

/** `http://127.0.0.1:8787`; an address that stands for all is shown as the local one. */
export function serverURL(protocol: "http" | "https", host: string, port: number): string {
  const anyHost = host === "" || host === "0.0.0.0" || host === "::";
  const shown = anyHost ? "127.0.0.1" : host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return `${protocol}://${shown}:${port}`;
}

/** What a person is told when a certificate, or its key, is missing or no good. */
export function httpsFailure(error: unknown): string {
  return `HTTPS cannot be served with this certificate: ${error instanceof Error ? error.message : String(error)}`;
}

/** What stands in the way of listening, and what to do about it. */
export function listenFailure(code: string | undefined, host: string, port: number): string {
  const where = `${host || "all addresses"}, port ${port}`;
  if (code === "EADDRINUSE")
    return `port ${port} on ${host || "all addresses"} is in use: stop what listens there, or choose another with --port`;
  if (code === "EACCES")
    return `not allowed to listen on ${where}: ports below 1024 need more rights; choose another with --port`;
  if (code === "EADDRNOTAVAIL")
    return `cannot listen on ${where}: no interface of this machine has that address; see --host`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `cannot listen on ${where}: no such host; see --host`;
  return `cannot listen on ${where}${code ? ` (${code})` : ""}`;
}
