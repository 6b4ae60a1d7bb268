/** How long the gateway takes from being spawned to its first answered call. */
import { firstAnswer } from "./call.ts";
import { launch } from "./launch.ts";
import { chatRequest } from "./payloads.ts";
import type { Peer } from "./peers.ts";
import { median } from "./stats.ts";
import { startUpstream } from "./upstream.ts";

export interface StartupReport {
  /** Each start, ms. */
  readonly starts: number[];
  readonly median?: number;
  readonly failed?: string;
}

/** Starts the peer nine times, one after the other, on the core that gateways get. */
export async function measureStartup(peer: Peer): Promise<StartupReport> {
  const upstream = await startUpstream("chat");
  const starts: number[] = [];
  try {
    for (let count = 0; count < 9; count++) starts.push(await oneStart(peer, upstream.port));
  } catch (error) {
    return { starts, failed: error instanceof Error ? error.message : String(error) };
  } finally {
    await upstream.child.stop();
  }
  return { starts, median: median(starts) };
}

async function oneStart(peer: Peer, upstream: number): Promise<number> {
  const begin = performance.now();
  const { child, target } = await launch(peer, upstream);
  if (!child) throw new Error(`${peer.name} has no process of its own`);
  try {
    const answer = await firstAnswer(child, target, chatRequest);
    const taken = performance.now() - begin;
    if (answer.status !== 200) throw new Error(`status ${answer.status}: ${answer.body.slice(0, 200)}`);
    return taken;
  } finally {
    await child.stop();
  }
}
