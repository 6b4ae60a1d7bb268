import { isFields } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";

/** What a reference within a schema points to; undefined for one that leads nowhere or elsewhere. */
export function resolveRef(root: Fields, ref: string): Fields | undefined {
  if (ref === "#") return root;
  if (!ref.startsWith("#/")) return byAnchor(root, ref);
  let place: unknown = root;
  for (const segment of ref.slice(2).split("/")) {
    const name = decode(segment).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(place)) place = place[Number(name)] as unknown;
    else if (isFields(place) && Object.hasOwn(place, name)) place = place[name];
    else return undefined;
  }
  return isFields(place) ? place : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function byAnchor(root: Fields, ref: string): Fields | undefined {
  const definitions = [root["$defs"], root["definitions"]].filter(isFields).flatMap(Object.values);
  return definitions.filter(isFields).find((schema) => `#${String(schema["$anchor"])}` === ref);
}

/** The schemas of `allOf` and what stands beside it as one: properties and required names add up, else the last one wins. */
export function merged(schemas: readonly Fields[]): Fields {
  const result: Fields = {};
  for (const schema of schemas) {
    for (const [key, value] of Object.entries(schema)) {
      const before = result[key];
      if (key === "properties" && isFields(before) && isFields(value)) result[key] = { ...before, ...value };
      else if (key === "required" && Array.isArray(before) && Array.isArray(value)) {
        result[key] = [...new Set([...(before as unknown[]), ...(value as unknown[])])];
      } else result[key] = value;
    }
  }
  return result;
}
