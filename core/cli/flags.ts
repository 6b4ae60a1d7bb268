import type { ArgsDef, ParsedArgs } from "citty";
import * as v from "valibot";
import { duration } from "../duration.ts";
import { configArgs, listOf, wholeNumber } from "./args.ts";
import { UsageError } from "./failure.ts";
import { logLevels } from "./log.ts";
import type { ConfigFlags } from "./load.ts";
import type { LogLevel } from "./log.ts";
import type { HttpsOptions } from "./serve.ts";

/** The flags of `sluice serve`; host to qr mean what they mean to listhen. */
export const serveArgs = {
  ...configArgs,
  port: {
    type: "string",
    valueHint: "number",
    description: "Port to listen on, in place of the configuration's; 0 for any",
  },
  host: {
    type: "string",
    valueHint: "address",
    description: "Address to listen on, in place of the configuration's",
  },
  public: { type: "boolean", description: "Listen on all addresses of this machine" },
  workers: {
    type: "string",
    valueHint: "number",
    default: "1",
    description: "Processes that share the port",
  },
  watch: {
    type: "boolean",
    default: true,
    description: "Read the configuration again when its files change",
    negativeDescription: "Read it again only on SIGHUP and POST /reload_config",
  },
  https: { type: "boolean", description: "Serve HTTPS, with a generated certificate where none is given" },
  "https.cert": { type: "string", valueHint: "file", description: "Certificate, PEM" },
  "https.key": { type: "string", valueHint: "file", description: "The certificate's key, PEM" },
  "https.pfx": { type: "string", valueHint: "file", description: "Certificate and key as PKCS#12" },
  "https.passphrase": { type: "string", valueHint: "text", description: "Opens the key or the PKCS#12 file" },
  "https.validityDays": {
    type: "string",
    valueHint: "number",
    description: "How long the generated certificate is valid",
  },
  "https.domains": {
    type: "string",
    valueHint: "names",
    description: "Domains and addresses of the generated certificate, by commas",
  },
  tunnel: {
    type: "boolean",
    description: "Open a tunnel that makes the gateway reachable from the internet",
  },
  clipboard: { type: "boolean", description: "Copy the address to the clipboard" },
  open: { type: "boolean", description: "Open the address in a browser" },
  qr: { type: "boolean", description: "Show the public address as a QR code" },
  "log-level": {
    type: "enum",
    options: [...logLevels],
    default: "info",
    description: "What is told on stderr",
  },
  "shutdown-timeout": {
    type: "string",
    valueHint: "duration",
    description: "How long calls may go on after a stop, such as 30s",
  },
} as const satisfies ArgsDef;

/** What `sluice serve` was asked for: plain data, so that it can go to workers. */
export interface ServeFlags extends ConfigFlags {
  workers: number;
  watch: boolean;
  https?: HttpsOptions;
  tunnel: boolean;
  clipboard: boolean;
  open: boolean;
  qr: boolean;
  logLevel: LogLevel;
}

/** The flags every command that reads a configuration has. */
export function readConfigFlags(args: { config?: string }, rawArgs: readonly string[]): ConfigFlags {
  const presets = listOf(configArgs, "preset", rawArgs);
  return { ...(args.config && { config: args.config }), presets };
}

/** Reads the flags of `sluice serve`. Throws UsageError. */
export function readServeFlags(args: ParsedArgs<typeof serveArgs>, rawArgs: readonly string[]): ServeFlags {
  const port = wholeNumber("port", args.port, 0, 65_535);
  const workers = wholeNumber("workers", args.workers, 1, 1024) ?? 1;
  if (args.public && args.host) throw new UsageError("--public listens on all addresses: leave out --host");
  const host = args.public ? "" : args.host;
  const https = readHttps(args);
  const shutdownTimeout = readDuration("shutdown-timeout", args["shutdown-timeout"]);
  return {
    ...readConfigFlags(args, rawArgs),
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(https && { https }),
    ...(shutdownTimeout !== undefined && { shutdownTimeout }),
    workers,
    watch: args.watch,
    tunnel: args.tunnel ?? false,
    clipboard: args.clipboard ?? false,
    open: args.open ?? false,
    qr: args.qr ?? false,
    logLevel: args["log-level"] as LogLevel,
  };
}

function readHttps(args: ParsedArgs<typeof serveArgs>): HttpsOptions | undefined {
  const cert = args["https.cert"];
  const key = args["https.key"];
  if (Boolean(cert) !== Boolean(key)) throw new UsageError("--https.cert and --https.key come together");
  const domains = args["https.domains"]
    ?.split(",")
    .map((domain) => domain.trim())
    .filter(Boolean);
  const options = {
    cert,
    key,
    pfx: args["https.pfx"],
    passphrase: args["https.passphrase"],
    validityDays: wholeNumber("https.validityDays", args["https.validityDays"], 1, 3650),
    domains,
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return args.https || Object.keys(given).length > 0 ? given : undefined;
}

function readDuration(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const result = v.safeParse(duration, /^\d+$/.test(value) ? Number(value) : value);
  if (result.success) return result.output;
  throw new UsageError(`--${flag} takes ${result.issues[0].message}, found ${JSON.stringify(value)}`);
}
