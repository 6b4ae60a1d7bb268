import * as runtime from "#runtime";

/** Gives up a response that will not be sent, so that its connection is free. */
export function discard(response: Response): void {
  const relay = runtime.relayOf(response);
  if (relay) relay.discard();
  else response.body?.cancel().catch(() => {});
}
