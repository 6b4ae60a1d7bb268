/** Starts one peer in front of an upstream. */
import type { Target } from "./call.ts";
import type { Peer } from "./peers.ts";
import { freePort, start } from "./processes.ts";
import type { Child } from "./processes.ts";
import { sluiceKey } from "./sluice.ts";

export interface Launched {
  readonly target: Target;
  /** The peer's process; undefined for calls that go straight to the upstream. */
  readonly child?: Child;
}

/** Starts a peer; it may not listen yet. Throws, saying why, where it cannot be started. */
export async function launch(peer: Peer, upstream: number): Promise<Launched> {
  const place = { port: peer.start ? await freePort() : upstream, upstream };
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${sluiceKey}`,
    ...peer.headers?.(place),
  };
  const target = { url: `http://127.0.0.1:${place.port}/v1/chat/completions`, headers };
  if (!peer.start) return { target };
  const { command, cwd } = await peer.start(place);
  return { target, child: start(`${peer.name}-${place.port}`, "gateway", command, cwd) };
}
