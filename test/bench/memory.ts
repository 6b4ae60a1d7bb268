/** Whether the gateway's memory grows with the number of calls. */
import { setTimeout as delay } from "node:timers/promises";
import { firstAnswer } from "./call.ts";
import { checkChat } from "./check.ts";
import { launch } from "./launch.ts";
import type { Generator } from "./load.ts";
import { usage } from "./measure.ts";
import { chatRequest } from "./payloads.ts";
import type { Peer } from "./peers.ts";
import { startUpstream } from "./upstream.ts";

/** After how many calls the memory is read each time, and how often. */
export const memoryStep = 20_000;
const readings = 10;

export interface MemoryReport {
  /** Resident memory after every 20,000 calls, bytes. */
  readonly resident: number[];
  /** The last over the first. */
  readonly ratio?: number;
  readonly failed?: string;
}

/** Loads the peer with small chat calls and reads its resident memory, each time after half a second of rest. */
export async function measureMemory(peer: Peer, generator: Generator): Promise<MemoryReport> {
  const upstream = await startUpstream("chat");
  const resident: number[] = [];
  try {
    await fill(peer, upstream.port, generator, resident);
  } catch (error) {
    return { resident, failed: error instanceof Error ? error.message : String(error) };
  } finally {
    await upstream.child.stop();
  }
  return { resident, ratio: resident.at(-1)! / resident[0]! };
}

async function fill(peer: Peer, upstream: number, generator: Generator, resident: number[]): Promise<void> {
  const { child, target } = await launch(peer, upstream);
  if (!child) throw new Error(`${peer.name} has no process of its own`);
  try {
    await firstAnswer(child, target, chatRequest);
    await checkChat(target);
    for (let reading = 1; reading <= readings; reading++) {
      const seen = await generator.forCalls({ child, target }, chatRequest, memoryStep);
      if (seen.failed > 0 || seen.calls < memoryStep) {
        throw new Error(`${seen.failed} of ${seen.calls} calls failed, ${memoryStep} were to be made`);
      }
      await delay(500);
      const rss = usage(child.pid)?.rss;
      if (!rss) throw new Error(`its memory cannot be read: ${child.output()}`);
      resident.push(rss);
      console.error(`memory: ${Math.round(rss / 1e6)} MB after ${reading * memoryStep} calls`);
    }
  } finally {
    await child.stop();
  }
}
