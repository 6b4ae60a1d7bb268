import type { ConfigProblem } from "../core/config-error.ts";
import type { ConfigDocument } from "./document.ts";
import { isMap, mergeMaps } from "./merge-maps.ts";
import type { Section } from "./merge-maps.ts";
import { PluginMerger } from "./merge-plugins.ts";
import type { PluginNames } from "./merge-plugins.ts";
import { child, Origins, placeOf } from "./origins.ts";
import type { Origin } from "./origins.ts";
import { show } from "./show.ts";

export interface Merged {
  /** One configuration in the shape that a person writes; `plugins` is a list of names and one-entry maps. */
  value: Section;
  origins: Origins;
}

/** Sections that grow from file to file instead of being replaced. */
const appended = new Set(["upstreams", "keys"]);

/**
 * Lays documents over each other, the first at the bottom. Maps merge, whatever else is replaced, but
 * `upstreams` and `keys` are appended, and `plugins` merge by name. Broken parts are kept, for the schema to
 * complain of.
 */
export function mergeLayers(
  documents: readonly ConfigDocument[],
  names: PluginNames,
  problems: ConfigProblem[],
): Merged {
  const origins = new Origins();
  const plugins = new PluginMerger(origins, names, problems);
  let value: Section = {};
  for (const document of documents) {
    const origin: Origin = { document, path: [] };
    origins.setRoot(origin);
    if (!isMap(document.value)) {
      const expected = "a map with keys such as upstreams, keys and plugins";
      problems.push({ ...placeOf(origin), found: show(document.value, []), expected });
      continue;
    }
    const { plugins: listed, extends: _, ...rest } = withoutEmpty(document.value);
    value = mergeMaps(value, rest, origin, origins, appended);
    if (listed !== undefined) plugins.add(listed, child(origin, "plugins"));
  }
  plugins.finish(value);
  return { value, origins };
}

/** A section whose lines are all commented out is a section that is not there. */
function withoutEmpty(map: Section): Section {
  return Object.fromEntries(
    Object.entries(map).filter(([, section]) => section !== null && section !== undefined),
  );
}
