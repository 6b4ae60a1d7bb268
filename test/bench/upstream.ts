/** The service behind the peers: as cheap as can be, so that the peers and not it are measured. */
import { fileURLToPath } from "node:url";
import { firstAnswer } from "./call.ts";
import { findNginx, nginxUpstream } from "./nginx.ts";
import { chatRequest } from "./payloads.ts";
import { freePort, start } from "./processes.ts";
import type { Child } from "./processes.ts";

export interface Upstream {
  readonly name: "nginx" | "node";
  readonly port: number;
  readonly child: Child;
}

/** Starts the upstream of a load: nginx for small chat calls where it is installed, a Node server otherwise. */
export async function startUpstream(load: "chat" | "sse"): Promise<Upstream> {
  const port = await freePort();
  const nginx = load === "chat" ? findNginx() : undefined;
  const command = nginx ? nginxUpstream(nginx, port) : nodeUpstream(port);
  const child = start(`upstream-${port}`, "load", command);
  await firstAnswer(child, { url: `http://127.0.0.1:${port}/`, headers: {} }, chatRequest);
  return { name: nginx ? "nginx" : "node", port, child };
}

function nodeUpstream(port: number): string[] {
  const script = fileURLToPath(new URL("upstream-server.ts", import.meta.url));
  return [process.execPath, "--conditions=sluice-source", "--import", "tsx", script, `${port}`];
}
