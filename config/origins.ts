import type { ConfigDocument, Path, Position } from "./document.ts";

/** Where a value came from: a document, and the path in it. */
export interface Origin {
  document: ConfigDocument;
  path: Path;
}

/** Where something stands in a file, as messages tell it. */
export interface Place extends Partial<Position> {
  /** File or URL; missing for a configuration that was handed over as an object. */
  file?: string;
  /** The path in that file, which differs from the merged one: `plugins[0]` may be `plugins[8]` of the whole. */
  path: (string | number)[];
}

/** Remembers, for the lists and maps that merging makes, which document each of their entries came from. */
export class Origins {
  readonly #entries = new WeakMap<object, Map<string | number, Origin>>();
  #root: Origin | undefined;

  /** Says where the whole comes from when nothing more exact is known. */
  setRoot(origin: Origin): void {
    this.#root = origin;
  }

  set(container: object, key: string | number, origin: Origin): void {
    const entries = this.#entries.get(container) ?? new Map<string | number, Origin>();
    this.#entries.set(container, entries.set(key, origin));
  }

  /** Where an entry of a list or map that merging made came from. */
  get(container: object, key: string | number): Origin | undefined {
    return this.#entries.get(container)?.get(key);
  }

  /** Where the value at a path of the merged configuration came from. */
  trace(merged: unknown, path: Path): Origin | undefined {
    let origin = this.#root;
    let inside: unknown = merged;
    for (const part of path) {
      const container = typeof inside === "object" && inside !== null ? inside : undefined;
      const known = container && this.get(container, part);
      if (known) origin = known;
      else if (origin) origin = { document: origin.document, path: [...origin.path, part] };
      inside = container && (container as Record<string | number, unknown>)[part];
    }
    return origin;
  }

  /** File, line and path of a path of the merged configuration. */
  place(merged: unknown, path: Path, part?: "key" | "value"): Place {
    const origin = this.trace(merged, path);
    return origin ? placeOf(origin, part) : { path: [...path] };
  }
}

/** File, line and path of an origin. */
export function placeOf({ document, path }: Origin, part?: "key" | "value"): Place {
  return {
    path: [...path],
    ...(document.name !== undefined && { file: document.name }),
    ...document.positionOf(path, part),
  };
}

/** The origin of an entry of what has this origin. */
export function child({ document, path }: Origin, key: string | number): Origin {
  return { document, path: [...path, key] };
}
