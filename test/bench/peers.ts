/** What is measured: Sluice on both runtimes, and what it is compared with. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installed } from "./install.ts";
import { findNginx, nginxProxy } from "./nginx.ts";
import { childEnvironment, root, which } from "./processes.ts";
import { sluiceCommand } from "./sluice.ts";

/** Where one peer is to listen, and where its upstream does. */
export interface Place {
  readonly port: number;
  readonly upstream: number;
}

export interface PeerCommand {
  readonly command: string[];
  readonly cwd?: string;
}

export interface Peer {
  readonly name: string;
  /** The peer that its throughput is set against. */
  readonly bare?: string;
  /** How it is started; throws, saying why, where it cannot be. Without it, calls go straight to the upstream. */
  readonly start?: (place: Place) => PeerCommand | Promise<PeerCommand>;
  /** Headers that name the upstream, for a gateway that learns it from the call. */
  readonly headers?: (place: Place) => Record<string, string>;
}

/** In the order in which they are reported; `direct` is no proxy at all, which is as fast as a peer can look. */
export const peers: readonly Peer[] = [
  { name: "direct", bare: "bare-node" },
  { name: "nginx", bare: "bare-node", start: nginx },
  { name: "bare-node", start: (place) => nodeScript("bare-node.mjs", place) },
  { name: "bare-h3", bare: "bare-node", start: (place) => nodeScript("bare-h3.mjs", place) },
  { name: "sluice", bare: "bare-node", start: (place) => sluiceCommand(place.port, place.upstream) },
  { name: "portkey", bare: "bare-node", start: portkey, headers: portkeyHeaders },
  { name: "bare-h3-deno", start: bareDeno },
  {
    name: "sluice-deno",
    bare: "bare-h3-deno",
    start: (place) => sluiceCommand(place.port, place.upstream, requireDeno()),
  },
];

function script(name: string): string {
  return fileURLToPath(new URL(`peers/${name}`, import.meta.url));
}

function origin(place: Place): string {
  return `http://127.0.0.1:${place.upstream}`;
}

function nodeScript(name: string, place: Place): PeerCommand {
  return { command: [process.execPath, script(name), `${place.port}`, origin(place)] };
}

function nginx(place: Place): PeerCommand {
  const path = findNginx();
  if (!path) throw new Error("nginx is not installed");
  return { command: nginxProxy(path, place.port, place.upstream) };
}

async function portkey(place: Place): Promise<PeerCommand> {
  const folder = await installed("portkey", "@portkey-ai/gateway");
  const entry = join(folder, "build/start-server.js");
  return { command: [process.execPath, entry, `--port=${place.port}`, "--headless"] };
}

function portkeyHeaders(place: Place): Record<string, string> {
  return { "x-portkey-provider": "openai", "x-portkey-custom-host": `${origin(place)}/v1` };
}

function bareDeno(place: Place): PeerCommand {
  const config = join(root, "deno.json");
  const command = [requireDeno(), "run", "-A", "--config", config, script("bare-h3-deno.ts")];
  return { command: [...command, `${place.port}`, origin(place)] };
}

let deno: string | undefined;

/** The path of the Deno binary, or undefined where it is not installed. */
export function findDeno(): string | undefined {
  if (deno) return deno;
  const local = join(root, "node_modules/.bin/deno");
  const found = existsSync(local) ? local : which("deno");
  if (!found) return undefined;
  // npm's `deno` is a script that starts the binary as a child, which would be measured too.
  const asked = ["eval", "console.log(Deno.execPath())"];
  deno = execFileSync(found, asked, { encoding: "utf8", env: childEnvironment() }).trim();
  return deno;
}

function requireDeno(): string {
  const found = findDeno();
  if (!found) throw new Error("Deno is not installed");
  return found;
}
