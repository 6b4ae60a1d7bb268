import type { GatewayContext, GatewayHooks, Log } from "./context.ts";

/**
 * Tells the handlers of a hook. What they throw, or reject with, is logged and stops nothing.
 * @returns A promise that never rejects where a handler takes its time.
 */
export function emit<N extends keyof GatewayHooks>(
  { hooks, log }: Pick<GatewayContext, "hooks" | "log">,
  name: N,
  ...args: Parameters<GatewayHooks[N]>
): Promise<void> | undefined {
  try {
    const pending = hooks.callHook(name, ...(args as never));
    return pending ? pending.catch((error: unknown) => tell(log, name, error)) : undefined;
  } catch (error) {
    tell(log, name, error);
    return undefined;
  }
}

function tell(log: Log, name: string, error: unknown): void {
  log.error(`A handler of ${name} failed.`, error);
}
