/** How peers compare. */
import type { PeerResult } from "./rounds.ts";
import { ratio } from "./stats.ts";
import type { Ratio } from "./stats.ts";

/** The throughput of one peer over another's, round by round. */
export function throughputRatio(of?: PeerResult, to?: PeerResult): Ratio | undefined {
  return ratio(series(of), series(to));
}

/** The throughput by round; undefined for a round that was not measured. */
function series(peer?: PeerResult): (number | undefined)[] {
  return Array.from(peer?.rounds ?? [], (round) => round?.throughput);
}
