/** One load over all peers, in turns: what troubles the machine for a while troubles all of them alike. */
import { firstAnswer } from "./call.ts";
import { checkChat, checkStream } from "./check.ts";
import { launch } from "./launch.ts";
import type { Launched } from "./launch.ts";
import type { Generator } from "./load.ts";
import { usage } from "./measure.ts";
import { chatAnswer, chatRequest, chunksPerStream, sseEvents, sseRequest } from "./payloads.ts";
import type { Peer } from "./peers.ts";
import { startUpstream } from "./upstream.ts";

export type LoadName = "chat" | "sse";

interface Load {
  readonly body: string;
  readonly check: typeof checkChat;
  /** What is counted, and how many of it one call has. */
  readonly unit: string;
  readonly perCall: number;
  /** The bytes of one answer's body. */
  readonly bytes: number;
}

export const loads: Record<LoadName, Load> = {
  chat: { body: chatRequest, check: checkChat, unit: "calls/s", perCall: 1, bytes: chatAnswer.length },
  sse: {
    body: sseRequest,
    check: checkStream,
    unit: "chunks/s",
    perCall: chunksPerStream,
    bytes: sseEvents.join("").length,
  },
};

/** One peer's figures of one round. */
export interface Round {
  readonly calls: number;
  /** Calls or chunks a second. */
  readonly throughput: number;
  /** Until the last byte of an answer, ms. */
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the peer's processes a call, µs. */
  readonly cpuPerCall?: number;
  /** The share of the time in which the peer kept a core busy; above 1 where it used more than one core. */
  readonly busy?: number;
}

export interface PeerResult {
  readonly name: string;
  readonly bare?: string;
  /** By number of the round. */
  readonly rounds: Round[];
  /** Largest resident memory of the peer's processes, bytes. */
  peak?: number;
  /** Why it was not measured, or not to the end. */
  failed?: string;
}

export interface LoadReport {
  readonly load: LoadName;
  readonly unit: string;
  readonly upstream: string;
  readonly peers: PeerResult[];
}

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly generator: Generator;
}

interface Lane {
  readonly peer: Peer;
  readonly result: PeerResult;
  launched?: Launched;
}

/** Measures the peers under one load. A peer that fails is reported as failed; the others go on. */
export async function measureLoad(name: LoadName, peers: readonly Peer[], plan: Plan): Promise<LoadReport> {
  const load = loads[name];
  const upstream = await startUpstream(name);
  const lanes: Lane[] = peers.map((peer) => ({
    peer,
    result: { name: peer.name, bare: peer.bare, rounds: [] },
  }));
  for (const lane of lanes) await attempt(lane, () => prepare(lane, load, upstream.port, plan));
  for (let round = 0; round < plan.rounds; round++) {
    // Each round begins with another peer, so that none always follows the same one.
    const first = round % lanes.length;
    for (const lane of [...lanes.slice(first), ...lanes.slice(0, first)]) {
      await attempt(lane, async () => {
        const figures = await measureRound(lane.launched!, load, plan);
        lane.result.rounds[round] = figures;
        const shown = Math.round(figures.throughput).toLocaleString("en");
        console.error(
          `${name}, round ${round + 1} of ${plan.rounds}: ${lane.peer.name} ${shown} ${load.unit}`,
        );
      });
    }
  }
  for (const { launched, result } of lanes) {
    if (launched?.child && !launched.child.ended()) result.peak = usage(launched.child.pid)?.peak;
    await launched?.child?.stop();
  }
  await upstream.child.stop();
  return { load: name, unit: load.unit, upstream: upstream.name, peers: lanes.map((lane) => lane.result) };
}

async function attempt(lane: Lane, work: () => Promise<void>): Promise<void> {
  if (lane.result.failed) return;
  try {
    await work();
  } catch (error) {
    lane.result.failed = error instanceof Error ? error.message : String(error);
    console.error(`${lane.peer.name} failed: ${lane.result.failed}`);
  }
}

/** Starts a peer, checks its answer, and lets its code get warm. */
async function prepare(lane: Lane, load: Load, upstream: number, plan: Plan): Promise<void> {
  lane.launched = await launch(lane.peer, upstream);
  const { child, target } = lane.launched;
  if (child) await firstAnswer(child, target, load.body);
  await load.check(target);
  await plan.generator.forSeconds(lane.launched, load.body, Math.min(2, plan.seconds));
}

async function measureRound(launched: Launched, load: Load, plan: Plan): Promise<Round> {
  const { child } = launched;
  const before = child && usage(child.pid);
  const seen = await plan.generator.forSeconds(launched, load.body, plan.seconds);
  const after = child && usage(child.pid);
  if (seen.calls === 0) throw new Error("no call was answered");
  if (seen.failed > 0) throw new Error(`${seen.failed} of ${seen.calls} calls failed`);
  // The first answer was compared with the upstream's; here it shows if later ones were cut short.
  const mean = seen.bytes / seen.calls;
  if (mean < load.bytes * 0.95) {
    throw new Error(`answers of ${Math.round(mean)} bytes, expected ${load.bytes}`);
  }
  const cpu = before && after && after.cpu - before.cpu;
  return {
    calls: seen.calls,
    throughput: (seen.calls * load.perCall) / seen.seconds,
    p50: seen.p50,
    p99: seen.p99,
    cpuPerCall: cpu && cpu / seen.calls,
    busy: cpu && cpu / 1e6 / seen.seconds,
  };
}
