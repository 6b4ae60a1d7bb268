import { GatewayError } from "./errors.ts";
import type { Call } from "./call.ts";
import type { Gate, Obstacle, TargetReport } from "./gate.ts";
import type { Attempt, AttemptEnd, Target } from "./upstream.ts";

/** The first obstacle between a call and a target. */
export function obstacleOf(gates: readonly Gate[], target: Target, call: Call): Obstacle | undefined {
  if (gates.length === 0) return undefined;
  const now = call.gateway.clock.now();
  for (const gate of gates) {
    const obstacle = gate.check?.(target, now, call);
    if (obstacle) return obstacle;
  }
  return undefined;
}

/**
 * Lets an attempt in at every gate. Throws, or rejects with, a GatewayError that is retryable where one turns it away;
 * then it has left those that it had entered. A promise only where a gate takes its time.
 */
export function enterGates(gates: readonly Gate[], attempt: Attempt, call: Call): void | Promise<void> {
  for (let at = attempt.entered; at < gates.length; at++) {
    const entering = gates[at]?.enter?.(attempt, call);
    if (entering instanceof Promise) return entering.then((obstacle) => goOn(gates, attempt, call, obstacle));
    if (entering) turnAway(gates, attempt, call, entering);
    attempt.entered = at + 1;
  }
}

/** A gate that took its time let an attempt in, or not; then come the others. */
function goOn(
  gates: readonly Gate[],
  attempt: Attempt,
  call: Call,
  obstacle: Obstacle | undefined,
): void | Promise<void> {
  if (obstacle) turnAway(gates, attempt, call, obstacle);
  attempt.entered++;
  // Who waited may have been given up meanwhile.
  if (call.canceller.cancelled) {
    leaveGates(gates, attempt, call, "cancelled");
    throw GatewayError.from(call.canceller.reason);
  }
  return enterGates(gates, attempt, call);
}

function turnAway(gates: readonly Gate[], attempt: Attempt, call: Call, obstacle: Obstacle): never {
  leaveGates(gates, attempt, call, "cancelled");
  throw unavailable([obstacle], call.gateway.clock.now());
}

/** Tells the gates that an attempt ended; for the second time it does nothing. */
export function leaveGates(gates: readonly Gate[], attempt: Attempt, call: Call, end: AttemptEnd): void {
  if (attempt.end) return;
  attempt.end = end;
  for (let at = attempt.entered - 1; at >= 0; at--) gates[at]?.leave?.(attempt, call);
}

/**
 * The refusal of a call whose targets all have obstacles: 429 where all are at their limits, else 503.
 * @param now ms since the epoch
 */
export function unavailable(obstacles: readonly Obstacle[], now: number): GatewayError {
  const limited = obstacles.length > 0 && obstacles.every(({ kind }) => kind === "limit");
  const soonest = Math.min(...obstacles.map(({ until }) => until ?? Number.POSITIVE_INFINITY));
  const retryAfter = Number.isFinite(soonest) ? Math.max(1, Math.ceil((soonest - now) / 1000)) : undefined;
  const message = limited
    ? "Every upstream that could serve this call is at its limit."
    : "No upstream that could serve this call is available at the moment.";
  return new GatewayError(message, {
    status: limited ? 429 : 503,
    code: limited ? "upstream_limit" : "upstream_unavailable",
    retryable: true,
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

/** What all gates know of a target, by gate. */
export function reportOf(gates: readonly Gate[], target: Target, now: number): Record<string, TargetReport> {
  const reports: Record<string, TargetReport> = {};
  for (const gate of gates) {
    const report = gate.describe?.(target, now);
    if (report) reports[gate.name] = report;
  }
  return reports;
}
