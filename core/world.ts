import { finalize } from "./answer.ts";
import { exchange } from "./send.ts";
import type { Outcome } from "./call.ts";
import type { CallState } from "./call-state.ts";
import type { Gate } from "./gate.ts";
import type { Stage } from "./pipeline.ts";
import type { Exchange } from "./send.ts";

/** What lies around a gateway: the services behind it, and the clients before it. A simulation has a world of its own. */
export interface World {
  /** One request to a target, and its answer. */
  readonly exchange: Exchange;
  /** Takes an answer to its client, and tells how that ended. */
  readonly deliver: (call: CallState, response: Response, done: (outcome: Outcome) => void) => Response;
  /** A gate as the gateway is to see it; for one gate always the same. */
  readonly gate: (gate: Gate) => Gate;
  /** Stages whose plugins take no part. */
  readonly without: readonly Stage[];
}

/** The network. */
export const network: World = { exchange, deliver: finalize, gate: (gate) => gate, without: [] };
