import { Canceller } from "./cancel.ts";
import { discard } from "./discard.ts";
import { leaveGates } from "./gates.ts";
import type { Outcome } from "./call.ts";
import type { CallState } from "./call-state.ts";
import type { GatewayError } from "./errors.ts";
import type { Target } from "./upstream.ts";

/**
 * A second view of a call, for an attempt beside or after another: it reads what the call knows and keeps to itself
 * what is set on it, its canceller and its listeners, until the call adopts it. It is cancelled with the call.
 */
export function forkOf(call: CallState, target: Target): CallState {
  const canceller = new Canceller();
  // What is private to the call is asked of the call itself.
  const fork = Object.create(call, {
    notes: { get: () => call.notes },
    finished: { get: () => call.finished },
    inspect: { value: () => call.inspect() },
    estimateInput: { value: () => call.estimateInput() },
  }) as CallState;
  call.canceller.onCancel((reason) => canceller.cancel(reason));
  return Object.assign(fork, {
    canceller,
    finishListeners: [],
    target,
    model: call.model,
    answer: undefined,
    along: undefined,
    renderBreak: undefined,
    adoptedBy: undefined,
    taps: call.taps && [...call.taps],
  });
}

/** The fork's attempt is the one whose answer the client gets: what was set on it is the call's from now on. */
export function adopt(call: CallState, fork: CallState): void {
  // Own members only; what a spread does not see is the call's anyway.
  const { canceller: _canceller, neutral: _neutral, continues: _continues, ...own } = { ...fork };
  const { finishListeners, ...set } = own;
  for (const listener of finishListeners) call.onFinish(listener);
  Object.assign(fork, { finishListeners: call.finishListeners, adoptedBy: call });
  for (let view: CallState | undefined = call; view; view = view.adoptedBy) {
    const { adoptedBy } = view;
    Object.assign(view, set, { adoptedBy });
  }
}

/**
 * Gives a fork up: its attempt is aborted, what comes of it all the same is discarded, and who waits for its end is
 * told. Never rejects.
 */
export async function abandon(
  fork: CallState,
  answering: Promise<Response>,
  reason: GatewayError,
): Promise<void> {
  fork.canceller.cancel(reason);
  const response = await answering.catch(() => undefined);
  if (response) discard(response);
  const { gates, log } = fork.gateway;
  for (const attempt of fork.attempts) {
    if (attempt.target === fork.target) leaveGates(gates, attempt, fork, "cancelled");
  }
  for (const listener of fork.finishListeners) {
    try {
      await listener(givenUp(fork, reason));
    } catch (error) {
      log.error("Settling an attempt failed.", error);
    }
  }
}

function givenUp({ gateway, startedTick }: CallState, error: GatewayError): Outcome {
  const duration = gateway.clock.tick() - startedTick;
  return {
    status: 499,
    result: "client-gone",
    error,
    usage: undefined,
    bytes: 0,
    firstByte: undefined,
    duration,
  };
}
