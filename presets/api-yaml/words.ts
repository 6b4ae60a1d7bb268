import * as v from "valibot";
import type { GenericSchema } from "valibot";
import { limitTexts } from "../../core/index.ts";

/** A key of a map. */
export const name = v.pipe(v.string(), v.nonEmpty("text that is not empty"));

/** Text; digits that YAML took for a number count as text. */
export const word = v.pipe(
  v.union([v.pipe(v.string(), v.nonEmpty("text that is not empty")), v.number()], "text"),
  v.transform(String),
);

/** `true` and `false`, and what else YAML's first version takes for them. */
export const flag = v.pipe(
  v.union([v.boolean(), v.picklist(["true", "false", "yes", "no", "on", "off"])], "true or false"),
  v.transform((given) => (typeof given === "boolean" ? given : ["true", "yes", "on"].includes(given))),
);

/** Seconds. */
export const seconds = v.pipe(v.number(), v.finite("seconds"), v.minValue(0, "seconds from 0 on"));

/** One or several. */
export function listOf<S extends GenericSchema>(schema: S, wanted: string) {
  return v.pipe(
    v.union([v.array(schema), schema], wanted),
    v.transform((given) => (Array.isArray(given) ? given : [given]) as v.InferOutput<S>[]),
  );
}

const straight = v.check<string, string>(
  (text) => !/^[‘’“”]|[‘’“”]$/.test(text),
  "a name in straight quotes: \"…\" or '…'",
);
// Curly quotes are none to YAML: they would be a part of the name.
const modelName = v.pipe(word, straight);
const modelKey = v.pipe(name, straight);

/** A model as it is listed: its name, or a map from the upstream's name to the offered one. */
export interface ListedModel {
  /** The offered name. */
  name: string;
  /** The upstream's own; undefined: the same. */
  upstreamName: string | undefined;
}

/** Models: names, and maps `upstream's name: offered name`. Yields a list for each entry. */
export const models = v.pipe(
  v.array(
    v.union(
      [modelName, v.record(modelKey, modelName)],
      "a model's name, or a map from the upstream's name to the offered name",
    ),
  ),
  v.transform((entries) =>
    entries.map((entry): ListedModel[] =>
      typeof entry === "string"
        ? [{ name: entry, upstreamName: undefined }]
        : Object.entries(entry).map(([upstreamName, name]) => ({ name, upstreamName })),
    ),
  ),
);

/** Limits such as `2/min`, or a map from models to limits, in which `default` stands for all others. */
export const limits = v.pipe(
  v.union([limitTexts, v.record(name, limitTexts)], "limits such as 2/min, or a map from models to limits"),
  v.transform((given): Record<string, string[]> => (Array.isArray(given) ? { default: given } : given)),
);

/** A map whose keys, given here in small letters, may also be written in capitals. Yields them in small letters. */
export function inBothSpellings<E extends Record<string, GenericSchema>>(entries: E) {
  const capitals = Object.entries(entries).map(([name, schema]) => [name.toUpperCase(), schema] as const);
  const both: Record<string, GenericSchema> = { ...entries, ...Object.fromEntries(capitals) };
  return v.pipe(
    v.strictObject(both),
    v.transform((given) => {
      const small = Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]);
      return Object.fromEntries(small) as { [K in keyof E]?: v.InferOutput<E[K]> };
    }),
  );
}
