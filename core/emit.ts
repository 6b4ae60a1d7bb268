import type { GatewayContext, GatewayHooks } from "./context.ts";

/**
 * Tells the handlers of a hook. What they throw, or reject with, is logged and stops nothing.
 * @returns A promise that never rejects where a handler takes its time.
 */
export function emit<N extends keyof GatewayHooks>(
  { hooks, log }: Pick<GatewayContext, "hooks" | "log">,
  name: N,
  ...args: Parameters<GatewayHooks[N]>
): Promise<void> | undefined {
  const failed = (error: unknown): void => log.error(`A handler of ${name} failed.`, error);
  try {
    const pending = hooks.callHook(name, ...(args as never));
    return pending ? pending.catch(failed) : undefined;
  } catch (error) {
    failed(error);
    return undefined;
  }
}
