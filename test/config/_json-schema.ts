/** A JSON Schema (draft-07), as far as ours uses it. */
export type Schema = { [keyword: string]: unknown };

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function resolve(reference: string, root: Schema): Schema {
  const name = /^#\/definitions\/([\w-]+)$/.exec(reference)?.[1] ?? "";
  const found = (root.definitions as Record<string, Schema> | undefined)?.[name];
  if (!found) throw new Error(`${reference} leads nowhere`);
  return found;
}

/** All schemas in a schema, itself first. */
export function* schemasIn(schema: unknown): Generator<Schema> {
  if (Array.isArray(schema)) for (const one of schema) yield* schemasIn(one);
  if (!isMap(schema)) return;
  yield schema;
  for (const [keyword, inner] of Object.entries(schema)) {
    if (keyword === "default" || keyword === "enum") continue;
    if (keyword === "properties" || keyword === "definitions")
      yield* schemasIn(Object.values(inner as object));
    else yield* schemasIn(inner);
  }
}
