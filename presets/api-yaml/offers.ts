import type { ListedModel } from "./words.ts";

/** Models as an upstream's configuration lists them. */
export function offersOf(listed: readonly ListedModel[]): (string | Record<string, string>)[] {
  return listed.map(({ name, upstreamName }) =>
    upstreamName === undefined || upstreamName === name ? name : { [upstreamName]: name },
  );
}
