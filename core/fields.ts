/** A JSON object of unknown members. */
export type Fields = Record<string, unknown>;

/** True for a JSON object: no array, not null. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses JSON text to an object; undefined for anything else. */
export function parseFields(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The texts that the objects of a list have as one of their members. */
export function textsIn(list: unknown, member: string): string[] {
  if (!Array.isArray(list)) return [];
  return list
    .map((item: unknown) => (isFields(item) ? item[member] : undefined))
    .filter((text) => typeof text === "string");
}

/** The members of an object that are not among those named, and not null. */
export function otherFields(fields: Fields, known: ReadonlySet<string>): Fields {
  const others: Fields = {};
  for (const name in fields) {
    const value = fields[name];
    if (!known.has(name) && value !== null && value !== undefined) others[name] = value;
  }
  return others;
}
