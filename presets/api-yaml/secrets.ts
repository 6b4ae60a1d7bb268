import type { ForeignFile } from "../../config/foreign.ts";
import { isMap } from "../../config/merge-maps.ts";

/** Has all texts that stand under a name kept out of messages. */
export function collectKeys({ value, secrets }: ForeignFile, name: string): void {
  const look = (inside: unknown): void => {
    if (Array.isArray(inside)) inside.forEach(look);
    if (!isMap(inside)) return;
    for (const [key, one] of Object.entries(inside)) {
      if (key === name) for (const text of [one].flat()) if (typeof text === "string") secrets.add(text);
      look(one);
    }
  };
  look(value);
}
