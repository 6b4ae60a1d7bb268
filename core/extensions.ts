import type { Extensions } from "./chat.ts";
import type { Fields } from "./fields.ts";

/** How one protocol reads and writes what it alone can say. */
export interface OwnExtensions {
  /** What only this protocol can say of a piece of the neutral shape; undefined where it says nothing. */
  ownOf: (piece: { extensions?: Extensions | undefined } | undefined) => Fields | undefined;
  /** The member `extensions` for what only this protocol can say; no member for no fields. */
  asOwn: (fields: Fields) => { extensions?: Extensions };
}

/** @param protocol The name under which they stand. */
export function ownExtensions(protocol: string): OwnExtensions {
  return {
    ownOf: (piece) => piece?.extensions?.[protocol],
    asOwn: (fields) => (Object.keys(fields).length > 0 ? { extensions: { [protocol]: fields } } : {}),
  };
}
