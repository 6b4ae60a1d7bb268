import type { Driver } from "unstorage";
import fsLite from "unstorage/drivers/fs-lite";
import { createLocalBoard, type LocalBoard } from "./board.ts";
import { createLocalCursors } from "./cursors.ts";
import { createMemoryCounters, type MemoryCounters } from "./memory.ts";
import { encodeSnapshot, loadSnapshot, snapshotSequence } from "./snapshot.ts";
import { openStorage } from "./storage.ts";
import { crowdWarning } from "./sweep.ts";
import type { State, StateEvents, StateOptions } from "./types.ts";

/** Two files take turns, so that a crash in the middle of a write leaves the other one whole. */
const FILES = ["a", "b"] as const;
/**
 * Of a large snapshot so many UTF-16 units are written a ms, on average: a megabyte costs some 50 ms, so this keeps
 * below 5 % of the time. By size and not by the clock, or a busy process would write more seldom than it was told.
 */
const PACE = 1000;

/**
 * State in a directory: `storage/` holds the items, `counters/` the snapshots of counters and notes that live in memory.
 * After a crash, what was counted in the last `snapshotInterval` is missing; after `close`, nothing.
 * @param clock for tests: the counters' time
 * @throws Error when the directory cannot be written.
 */
export async function openFs(
  options: StateOptions,
  events: StateEvents,
  clock?: () => number,
): Promise<State> {
  if (!options.path) throw new Error('state.path: driver "fs" needs a directory, found none');
  const counters = createMemoryCounters(clock, () => events.onWarning?.(crowdWarning));
  const board = createLocalBoard();
  const kept = { counters, board };
  const files: Driver = fsLite({ base: `${options.path}/counters` });
  const writer = createWriter(files, kept, await load(files, kept, events));
  try {
    await writer.save();
  } catch (error) {
    throw new Error(`state.path: cannot write to ${options.path}: ${(error as Error).message}`, {
      cause: error,
    });
  }

  let lost = false;
  async function save(): Promise<void> {
    try {
      await writer.save();
      if (lost) events.onRestored?.();
      lost = false;
    } catch (error) {
      if (!lost)
        events.onLost?.(new Error(`cannot write counters to ${options.path}: ${(error as Error).message}`));
      lost = true;
    }
  }
  const timer = setInterval(() => {
    if (writer.due()) void save();
  }, options.snapshotInterval ?? 1000);
  timer.unref();

  return {
    driver: "fs",
    storage: openStorage(fsLite({ base: `${options.path}/storage` })),
    counters,
    cursors: createLocalCursors(),
    board,
    shared: false,
    healthy: () => !lost,
    async close() {
      clearInterval(timer);
      await writer.idle();
      if (writer.dirty()) await save();
    },
  };
}

/** What snapshots hold. */
interface Kept {
  counters: MemoryCounters;
  board: LocalBoard;
}

/** Loads the newest whole snapshot; answers its sequence number and which file to write next. */
async function load(files: Driver, { counters, board }: Kept, events: StateEvents) {
  const found: { file: number; sequence: number; text: string }[] = [];
  for (const [file, name] of FILES.entries()) {
    const text = await files.getItem(name);
    if (text === null || text === undefined) continue;
    const sequence = typeof text === "string" ? snapshotSequence(text) : undefined;
    if (sequence === undefined) events.onWarning?.(`counters/${name}: not a whole snapshot, dropped`);
    else found.push({ file, sequence, text: text as string });
  }
  found.sort((one, other) => other.sequence - one.sequence);
  for (const { file, sequence, text } of found) {
    try {
      loadSnapshot(counters, text, board);
      return { sequence, file: 1 - file };
    } catch (error) {
      events.onWarning?.(`counters/${FILES[file]}: corrupt snapshot, dropped (${(error as Error).message})`);
    }
  }
  return { sequence: 0, file: 0 };
}

/** Writes snapshots, one at a time. */
function createWriter(files: Driver, { counters, board }: Kept, from: { sequence: number; file: number }) {
  const changesNow = (): number => counters.changes() + board.changes();
  let { sequence, file } = from;
  let saved = -1;
  let notBefore = 0;
  let saving: Promise<void> | undefined;

  async function write(): Promise<void> {
    const changes = changesNow();
    const text = await encodeSnapshot(counters, sequence + 1, board);
    await files.setItem?.(FILES[file]!, text, {});
    // Only now: a write that failed half-way is tried again on the same file, never on the whole one.
    sequence++;
    file = 1 - file;
    saved = changes;
    notBefore = performance.now() + text.length / PACE;
  }

  return {
    dirty: () => changesNow() !== saved,
    due: () => !saving && changesNow() !== saved && performance.now() >= notBefore,
    save: () => (saving = write().finally(() => (saving = undefined))),
    /** Resolves when nothing is being written, however that ended. */
    idle: async () => void (await saving?.catch(() => {})),
  };
}
