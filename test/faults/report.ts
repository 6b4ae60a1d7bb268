import { deadline } from "./run.ts";
import type { FaultResult } from "./run.ts";

const begin = "<!-- faults: written by `npm run faults` -->";
const end = "<!-- /faults -->";

/** What is other than it should be, a line each. */
export function contradictions(results: readonly FaultResult[]): string[] {
  return results.flatMap((result) => {
    const { fault, another, outcomes, longest } = result;
    const wanted = another && !fault.late ? "answered" : fault.alone;
    // Once the breaker keeps calls from it, a healthy one answers; alone, its own answers and the gateway's are one status class.
    const fits = (outcome: string): boolean => outcome === wanted || (another && outcome === "answered");
    const wrong = outcomes.filter((outcome) => !fits(outcome));
    const place = `${fault.name}, ${result.stream ? "stream" : "whole"}, ${another ? "another healthy" : "alone"}`;
    return [
      ...(wrong.length > 0 ? [`${place}: ${wrong.join(", ")} instead of ${wanted}`] : []),
      ...(longest > deadline ? [`${place}: took ${Math.round(longest)} ms`] : []),
    ];
  });
}

/** The table for people. */
export function render(results: readonly FaultResult[]): string {
  const names = [...new Set(results.map(({ fault }) => fault.name))];
  const cell = (name: string, stream: boolean, another: boolean): string => {
    const found = results.find(
      (result) => result.fault.name === name && result.stream === stream && result.another === another,
    );
    if (!found) return "";
    if (another) return found.fault.late ? "error event, then answered" : "answered";
    return found.fault.alone === "error event" ? "error event" : `one ${found.fault.alone}`;
  };
  const rows = names.map(
    (name) =>
      `| ${name} | ${cell(name, false, true)} | ${cell(name, true, true)} | ${cell(name, false, false)} | ${cell(name, true, false)} |`,
  );
  return [
    "| the upstream | another is healthy | the same, stream | it is alone | the same, stream |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

/** The page with the table in its place. Throws where it has none. */
export function place(page: string, table: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error("there is no place for the faults");
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`;
}

/** The table that a page shows. */
export function shown(page: string): string {
  return page.slice(page.indexOf(begin) + begin.length, page.indexOf(end)).trim();
}
