/** One mistake in a configuration. */
export interface ConfigProblem {
  /** Keys and indexes from the top: `["upstreams", 0, "baseURL"]`. */
  path: (string | number)[];
  /** What is there, shortened, secrets masked. */
  found: string;
  /** What should be there. */
  expected: string;
  /** A further help, such as `did you mean "baseURL"?`. */
  hint?: string;
  /** File or URL, 1-based line and column, where they are known. */
  file?: string;
  line?: number;
  column?: number;
}

/** All the mistakes of a configuration at once. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(describeProblem).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** `sluice.yaml:3:7 upstreams[0].baseURL: found 5, expected a URL (did you mean …)`. */
export function describeProblem(problem: ConfigProblem): string {
  const at = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":");
  const where = [at, formatPath(problem.path)].filter(Boolean).join(" ");
  const hint = problem.hint ? ` (${problem.hint})` : "";
  return `${where}: found ${problem.found}, expected ${problem.expected}${hint}`;
}

/** `upstreams[0].keys[1]`; a key that is no plain word is quoted. */
export function formatPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text ? `.${part}` : part;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text || "(top)";
}
