import { limits } from "./limits.ts";
import type { Limit } from "./limits.ts";
import type { Result } from "./run.ts";

/** The limit that a cell falls under. */
export function limitOf(result: Result, known: readonly Limit[] = limits): Limit | undefined {
  return known.find(
    ({ clients, upstreams, feature, stream, shows }) =>
      (clients?.includes(result.client) ?? true) &&
      (upstreams?.includes(result.upstream) ?? true) &&
      feature === result.feature &&
      (stream ?? result.stream) === result.stream &&
      (result.reason ?? shows).startsWith(shows),
  );
}

/** What contradicts the list of limits: cells that should work and do not, and cells that work against it. */
export function contradictions(results: readonly Result[], known: readonly Limit[] = limits): string[] {
  return results.flatMap((result) => {
    const { client, upstream, feature, stream, reason } = result;
    const limit = limitOf(result, known);
    const cell = `${client} → ${upstream}, ${feature}, ${stream ? "stream" : "whole"}`;
    if (reason !== undefined && !limit) return [`${cell}: ${reason}`];
    if (reason === undefined && limit) return [`${cell} works, and the list of limits says: ${limit.reason}`];
    return [];
  });
}

/** The README's section: a table of clients and upstreams, and the reasons for what does not work. */
export function render(results: readonly Result[], known: readonly Limit[] = limits): string {
  const clients = [...new Set(results.map(({ client }) => client))];
  const upstreams = [...new Set(results.map(({ upstream }) => upstream))];
  const reasons: string[] = [];
  const cellOf = (client: string, upstream: string): string => {
    const here = results.filter((result) => result.client === client && result.upstream === upstream);
    const broken = here.filter(({ reason }) => reason !== undefined);
    const notes = broken.map((result) => noteOf(result, limitOf(result, known)));
    for (const note of notes) if (!reasons.includes(note)) reasons.push(note);
    const numbers = new Set(notes.map((note) => reasons.indexOf(note) + 1));
    return numbers.size === 0 ? "✓" : [...numbers].map((number) => `[${number}](#any-${number})`).join(" ");
  };
  const row = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  const rows = clients.map((client) => row([client, ...upstreams.map((one) => cellOf(client, one))]));
  const works = results.filter(({ reason }) => reason === undefined).length;
  return [
    row(["client \\ upstream", ...upstreams.map((name) => `\`${name}\``)]),
    row(["---", ...upstreams.map(() => ":-:")]),
    ...rows,
    "",
    `${works} of ${results.length} cases work.`,
    ...(reasons.length > 0 ? [""] : []),
    ...reasons.map((reason, i) => `${i + 1}. <a id="any-${i + 1}"></a>${reason}`),
  ].join("\n");
}

function noteOf({ feature, stream, reason }: Result, limit: Limit | undefined): string {
  const when = limit?.stream === undefined && limit ? "" : stream ? ", streamed" : ", not streamed";
  return `${feature}${when}: ${limit?.reason ?? reason?.split("\n")[0]}`;
}

const begin = "<!-- matrix: written by `npm run matrix` -->";
const end = "<!-- /matrix -->";

/** What stands between the README's marks; throws where there are none. */
export function shown(text: string): string {
  const { from, to } = marks(text);
  return text.slice(from, to).trim();
}

/** The README with another section between its marks. */
export function place(text: string, section: string): string {
  const { from, to } = marks(text);
  return `${text.slice(0, from)}\n\n${section}\n\n${text.slice(to)}`;
}

function marks(text: string): { from: number; to: number } {
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (!text.includes(begin) || to < from)
    throw new Error(`There is no place for the matrix: ${begin} … ${end}`);
  return { from, to };
}
