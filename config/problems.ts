import type { ConfigProblem } from "../core/config-error.ts";
import type { Session } from "./session.ts";

/** What went wrong in a reading, without secrets: one problem a place, in the order of files and lines. */
export function toProblems({ problems, secrets }: Session): ConfigProblem[] {
  return tidy(problems).map((problem) => secrets.cleanProblem(problem));
}

function tidy(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const seen = new Set<string>();
  const files = [...new Set(problems.map(({ file }) => file))];
  const kept = problems.filter(({ file, path, line, column, found }) => {
    const place = JSON.stringify(path.length > 0 ? [file, path] : [file, line, column, found]);
    return !seen.has(place) && seen.add(place);
  });
  const before = (a: ConfigProblem, b: ConfigProblem): number =>
    files.indexOf(a.file) - files.indexOf(b.file) ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0);
  return kept.sort(before);
}
