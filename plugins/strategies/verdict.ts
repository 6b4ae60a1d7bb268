import type { Attempt } from "../../core/index.ts";

/** Refusals that another target might not give: a key, a permission or a quota is missing, or it is too much now. */
const refusals: ReadonlySet<number> = new Set([401, 402, 403, 408, 429]);

/** What an attempt says of its target: nothing where the request was at fault, or nobody waited for the answer. */
export function verdictOf({ end, status, target }: Attempt): "good" | "bad" | undefined {
  if (end === "failed" || end === "broken") return "bad";
  if (status === undefined) return undefined;
  if (status < 400) return "good";
  // With a model asked for, nothing else can be missing.
  const missing = status === 404 && target.model !== undefined;
  return status >= 500 || missing || refusals.has(status) ? "bad" : undefined;
}
