import type { BaseIssue } from "valibot";
import type { ConfigProblem } from "./config-error.ts";

/** valibot's issues as configuration problems below `base`. */
export function issuesToProblems(
  issues: readonly BaseIssue<unknown>[],
  base: readonly (string | number)[],
): ConfigProblem[] {
  return issues.map((issue) => ({
    path: [...base, ...(issue.path ?? []).map((item) => item.key as string | number)],
    found: issue.received,
    expected: issue.expected && issue.expected !== "never" ? issue.expected : issue.message,
  }));
}
