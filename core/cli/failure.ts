import { ConfigError, describeProblem } from "../config-error.ts";
import type { ConfigProblem } from "../config-error.ts";

/** The command line is wrong: the process ends with status 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Something outside is in the way of starting, such as a port in use. Its message is all there is to say. */
export class StartError extends Error {
  override name = "StartError";
}

/** A failure as it travels between processes. */
export interface Failure {
  message: string;
  problems?: ConfigProblem[];
}

/** Makes any thrown thing fit to travel. */
export function toFailure(error: unknown): Failure {
  if (error instanceof ConfigError) return { message: error.message, problems: [...error.problems] };
  return { message: error instanceof Error ? error.message : String(error) };
}

/** The other way: an error to throw. */
export function fromFailure(failure: Failure): Error {
  return failure.problems ? new ConfigError(failure.problems) : new StartError(failure.message);
}

/** What a person is told of an error, line by line: every mistake of a configuration, else the message. */
export function describeFailure(error: unknown): string[] {
  if (error instanceof ConfigError) return error.problems.map(describeProblem);
  return [`sluice: ${error instanceof Error ? error.message : String(error)}`];
}
