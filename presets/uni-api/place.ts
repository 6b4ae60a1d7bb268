import { isMap } from "../../config/merge-maps.ts";
import type { Path } from "../../config/document.ts";

/** The path of a preference in the spelling in which the file has it: small letters, or capitals. */
export function spelled(file: unknown, path: Path, name: string): Path {
  let inside = file;
  for (const part of path) inside = (inside as Record<string | number, unknown> | undefined)?.[part];
  const capitals = name.toUpperCase();
  return [...path, isMap(inside) && capitals in inside && !(name in inside) ? capitals : name];
}
