import { createLocalCursors } from "./cursors.ts";
import type { Link } from "./redis-link.ts";
import type { ScriptClient } from "./redis-scripts.ts";
import type { Cursors } from "./types.ts";

/** ms that a cursor is kept from its last use on. */
const KEPT = 30 * 24 * 3_600_000;

/**
 * Cursors in Redis. While it is away each process counts on by itself, from the last position that it knows of; then
 * processes may come upon the same ones.
 */
export function createRedisCursors(client: ScriptClient, link: Link, prefix: string): Cursors {
  const local = createLocalCursors();

  async function remote(name: string): Promise<number> {
    const position = Number(await client.sluiceNext(1, `${prefix}:cursor:${name}`, local.peek(name), KEPT));
    local.pass(name, position);
    return position;
  }

  return {
    next(name) {
      if (!link.up()) return local.next(name);
      return link.run(
        () => remote(name),
        () => local.next(name),
      );
    },
  };
}
