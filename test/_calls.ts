import type { Call, Outcome } from "../core/index.ts";
import { startGateway, until } from "./_gateway.ts";
import type { TestGateway } from "./_gateway.ts";

export interface WatchedGateway extends TestGateway {
  /** Calls that began, in order. */
  calls: Call[];
  /** Waits for the call with this number, from 1 on, to be over. */
  ended(count: number): Promise<{ call: Call; outcome: Outcome }>;
}

/** A gateway that lets everyone in, and whose calls are watched. */
export async function startWatched(config: object): Promise<WatchedGateway> {
  const { plugins = [] } = config as { plugins?: object[] };
  const started = await startGateway({ ...config, plugins: [{ auth: { anonymous: true } }, ...plugins] });
  const ends: { call: Call; outcome: Outcome }[] = [];
  const calls: Call[] = [];
  started.gateway.context.hooks.hook("call:start", (call) => void calls.push(call));
  started.gateway.context.hooks.hook("call:finish", (call, outcome) => void ends.push({ call, outcome }));
  return {
    ...started,
    calls,
    async ended(count) {
      await until(() => ends.length >= count);
      return ends[count - 1] as { call: Call; outcome: Outcome };
    },
  };
}

/** How a call ended, as far as it can be foreseen. */
export function summary({ call, outcome }: { call: Call; outcome: Outcome }): object {
  return {
    status: outcome.status,
    result: outcome.result,
    attempts: call.attempts.map(({ error, status }) => error ?? status),
  };
}
