import type { Call } from "./call.ts";
import type { Middleware, Next } from "./plugin.ts";

/**
 * The stages of a call, in order. This list is the picture of the system:
 * - `log`: sees everything, refusals too.
 * - `auth`: who is calling, and may they.
 * - `limit`: how often and how much.
 * - `guard`: what is being asked (moderation, rules).
 * - `cache`: has it been answered before.
 * - `route`: which targets could serve it, in which order.
 * - `retry`: tries them, one after the other.
 * - `attempt`: around each single try.
 * - `send`: next to the wire; behind it stands only the request to the upstream.
 */
export const stages = [
  "log",
  "auth",
  "limit",
  "guard",
  "cache",
  "route",
  "retry",
  "attempt",
  "send",
] as const;

export type Stage = (typeof stages)[number];

/** One middleware and the stage it stands in. */
export interface Layer {
  stage: Stage;
  middleware: Middleware;
}

/** A composed pipeline: takes a call, yields its answer. */
export type Pipeline = (call: Call) => Promise<Response>;

/**
 * Composes layers around `last`, once per configuration. Stages are in fixed order; within a stage
 * the layers keep the order in which they are given.
 * @param from The first stage that takes part: the gateway's own calls start at `route`.
 */
export function compose(layers: readonly Layer[], last: Pipeline, from: Stage = "log"): Pipeline {
  const taking = stages.slice(stages.indexOf(from));
  const ordered = taking.flatMap((stage) => layers.filter((layer) => layer.stage === stage));
  // Built from the inside out, so that a call walks plain closures: no index, no array, no check per step.
  return ordered.reduceRight<Pipeline>((inner, { middleware }) => {
    return (call) => {
      const next: Next = (fork = call) => inner(fork);
      return middleware(call, next);
    };
  }, last);
}
