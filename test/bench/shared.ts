/** What limits over Redis cost a call: round trips, and time. */
import { hasRedis, startRedis } from "../_redis.ts";
import { startRedisProxy } from "../_redis-proxy.ts";
import { call, firstAnswer } from "./call.ts";
import { chatRequest } from "./payloads.ts";
import { freePort, start } from "./processes.ts";
import { sluiceCommand, sluiceKey } from "./sluice.ts";
import { median } from "./stats.ts";
import { startUpstream } from "./upstream.ts";
import type { Target } from "./call.ts";
import type { RedisProxy } from "../_redis-proxy.ts";

const calls = 300;
/** ms that each answer of Redis takes, as from another machine. */
const delay = 10;

export interface SharedReport {
  /** Pieces that went to Redis a call, and answers that came back. */
  sent?: number;
  answered?: number;
  readonly delay: number;
  /** ms that a call takes longer than with limits in memory. */
  added?: number;
  failed?: string;
}

/** Calls one gateway with limits in Redis, `delay` ms away, and one with limits in memory, in turns. */
export async function measureShared(): Promise<SharedReport> {
  if (!hasRedis) return { delay, failed: "redis-server is not installed" };
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const upstream = await startUpstream("chat");
    closers.push(() => upstream.child.stop());
    const redis = await startRedis();
    closers.push(redis.kill);
    const proxy = await startRedisProxy(redis.port, delay);
    closers.push(proxy.close);
    const memory = await launchSluice(upstream.port, "driver: memory", closers);
    const shared = await launchSluice(
      upstream.port,
      `driver: redis\n  url: ${proxy.url}\n  commandTimeout: 2s`,
      closers,
    );
    return { delay, ...(await compare(memory, shared, proxy)) };
  } catch (error) {
    return { delay, failed: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function launchSluice(
  upstream: number,
  state: string,
  closers: (() => Promise<unknown>)[],
): Promise<Target> {
  const port = await freePort();
  const { command, cwd } = sluiceCommand(port, upstream, undefined, configOf(upstream, state));
  const child = start(`shared-${port}`, "gateway", command, cwd);
  closers.push(() => child.stop());
  const headers = { "content-type": "application/json", authorization: `Bearer ${sluiceKey}` };
  const target = { url: `http://127.0.0.1:${port}/v1/chat/completions`, headers };
  await firstAnswer(child, target, chatRequest);
  return target;
}

/** Three upstreams that take turns, and two limits. */
function configOf(upstream: number, state: string): string {
  const upstreams = ["a", "b", "c"].map(
    (name) =>
      `  - { name: ${name}, provider: openai, baseURL: "http://127.0.0.1:${upstream}/v1", key: sk-upstream, models: [gpt-4o] }\n`,
  );
  const keys = `keys:\n  - { key: ${sluiceKey}, name: bench, limits: [10000000/min, 1000000000/day] }\n`;
  return `state:\n  ${state}\nupstreams:\n${upstreams.join("")}${keys}`;
}

async function compare(memory: Target, shared: Target, proxy: RedisProxy) {
  const taken: Record<"memory" | "shared", number[]> = { memory: [], shared: [] };
  let sent = 0;
  let answered = 0;
  // The first ones warm up.
  for (let at = -50; at < calls; at++) {
    const before = await timed(memory);
    proxy.reset();
    const after = await timed(shared);
    if (at < 0) continue;
    taken.memory.push(before);
    taken.shared.push(after);
    sent += proxy.sent();
    answered += proxy.answered();
  }
  const added = (median(taken.shared) ?? Number.NaN) - (median(taken.memory) ?? Number.NaN);
  return { sent: sent / calls, answered: answered / calls, added };
}

async function timed(target: Target): Promise<number> {
  const begin = performance.now();
  const { status, body } = await call(target, chatRequest);
  if (status !== 200) throw new Error(`status ${status}: ${body.slice(0, 200)}`);
  return performance.now() - begin;
}
