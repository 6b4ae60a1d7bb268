import type { Redis } from "ioredis";
import { createLocalBoard } from "./board.ts";
import { createBackoff, isFault, type Link, type Rejoin } from "./redis-link.ts";
import type { ScriptClient } from "./redis-scripts.ts";
import type { Board } from "./types.ts";

/** Notes sent or read at once. */
const BATCH = 100;
/** ms that the mark is kept by which a Redis that forgot everything is known. */
const MARK_KEPT = 365 * 24 * 3_600_000;

/** A change as processes tell it each other: key, value (null: taken down), ms left, who tells it. */
type Told = [key: string, value: string | null, left: number, from: string];

/**
 * A board in Redis: each process has a copy, every write goes to Redis and is told on a channel, which a connection
 * of its own listens to from the first use of the board on. When a connection was lost, all notes are read anew.
 * While Redis is away notes stay here, and are sent on its return.
 * @param warn told once, when the channel may not be used
 */
export class RedisBoard implements Board, Rejoin {
  readonly #client: ScriptClient;
  readonly #link: Link;
  readonly #warn: (message: string) => void;
  readonly #local = createLocalBoard();
  readonly #id = crypto.randomUUID();
  readonly #base: string;
  readonly #mark: string;
  readonly #channel: string;
  /** What Redis does not know of yet. */
  readonly #unsent = new Set<string>();
  /** Own changes that the channel has not told yet, by key: until then, what others tell came before them. */
  readonly #echoes = new Map<string, number>();
  /** While all notes are read: the keys that changed meanwhile. */
  readonly #readings = new Set<Set<string>>();
  #listener: Redis | undefined;
  #loading: Promise<void> | undefined;
  #listening = false;
  #epoch: string | null = null;
  #warned = false;
  #closed = false;

  constructor(client: ScriptClient, link: Link, prefix: string, warn: (message: string) => void) {
    this.#client = client;
    this.#link = link;
    this.#warn = warn;
    this.#base = `${prefix}:board:`;
    this.#mark = `${prefix}:board-mark`;
    // Databases of one server have their channels in common.
    this.#channel = `${prefix}:board:${client.options.db ?? 0}`;
  }

  get(key: string): string | undefined {
    this.#open();
    return this.#local.get(key);
  }

  set(key: string, value: string, ttl: number): void {
    this.#open();
    this.#local.set(key, value, ttl);
    this.#changed(key);
  }

  delete(key: string): void {
    this.#open();
    this.#local.delete(key);
    this.#changed(key);
  }

  entries(prefix: string): Iterable<readonly [string, string]> {
    this.#open();
    return this.#local.entries(prefix);
  }

  onChange(listener: (key: string, value: string | undefined) => void): () => void {
    this.#open();
    return this.#local.onChange(listener);
  }

  async load(): Promise<void> {
    this.#open();
    await this.#loading;
  }

  async catchUp(): Promise<void> {
    if (!this.#listener) return;
    const forgot = await this.#forgot();
    for (const keys of batches([...this.#unsent])) await Promise.all(keys.map((key) => this.#send(key)));
    if (forgot) {
      for (const keys of batches(this.#local.keys())) {
        await Promise.all(keys.map((key) => this.#send(key, true)));
      }
    }
    await this.#read();
  }

  switchOver(): void {
    for (const key of this.#unsent) this.#post(key);
  }

  close(): void {
    this.#closed = true;
    this.#listener?.disconnect();
  }

  #open(): void {
    if (this.#listener || this.#closed) return;
    const backoff = createBackoff();
    const listener = this.#client.duplicate({ retryStrategy: backoff.next });
    this.#listener = listener;
    listener.on("error", () => {});
    listener.on("close", () => {
      this.#listening = false;
      this.#echoes.clear();
    });
    listener.on("message", (_channel: string, text: string) => this.#hear(text));
    listener.on("ready", () => {
      listener.subscribe(this.#channel).then(
        () => {
          backoff.reset();
          this.#listening = true;
          void this.#refresh();
        },
        (error: Error) => error.name === "ReplyError" && this.#complain(error.message),
      );
    });
    this.#loading = this.#refresh();
  }

  /** Reads all notes, where Redis is there; else they are read on its return. Never rejects. */
  async #refresh(): Promise<void> {
    if (!this.#link.up()) return;
    try {
      await this.catchUp();
    } catch (error) {
      this.#failed(error);
    }
  }

  #changed(key: string): void {
    for (const changed of this.#readings) changed.add(key);
    this.#unsent.add(key);
    if (this.#link.up()) this.#post(key);
  }

  #post(key: string): void {
    this.#send(key).catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    if (isFault(error)) this.#complain((error as Error).message);
    else this.#link.fail(error);
  }

  /** Sends a note as it is now. @param careful leave another one that is there */
  async #send(key: string, careful = false): Promise<void> {
    const note = this.#local.note(key);
    const left = note ? Math.ceil(note.until - Date.now()) : 0;
    const told: Told = [key, note?.value ?? null, left, this.#id];
    const args = [note?.value ?? "", left, careful ? 1 : 0, this.#channel, JSON.stringify(told)];
    this.#unsent.delete(key);
    if (this.#listening && !careful) this.#echoes.set(key, (this.#echoes.get(key) ?? 0) + 1);
    try {
      const refused = await this.#link.within(this.#client.sluiceNote(1, this.#base + key, ...args));
      if (refused) {
        this.#echoed(key);
        this.#complain(refused);
      }
    } catch (error) {
      this.#echoed(key);
      this.#unsent.add(key);
      throw error;
    }
  }

  #hear(text: string): void {
    const [key, value, left, from] = JSON.parse(text) as Told;
    if (from === this.#id) return this.#echoed(key);
    if (this.#echoes.has(key) || this.#unsent.has(key)) return;
    for (const changed of this.#readings) changed.add(key);
    if (value === null || left <= 0) this.#local.delete(key);
    else this.#take(key, value, left);
  }

  /** What was just read is told on the channel too, and the other way round; it changes once. */
  #take(key: string, value: string, left: number): void {
    if (!this.#has(key, value, left)) this.#local.set(key, value, left);
  }

  #echoed(key: string): void {
    const count = this.#echoes.get(key) ?? 0;
    if (count > 1) this.#echoes.set(key, count - 1);
    else this.#echoes.delete(key);
  }

  /** Makes the copy what Redis has, but for what changes while it is read. */
  async #read(): Promise<void> {
    const changed = new Set(this.#unsent);
    this.#readings.add(changed);
    try {
      const found = new Set<string>();
      for (const keys of batches(await this.#scan())) {
        for (const [key, value, left] of await this.#load(keys)) {
          found.add(key);
          if (!changed.has(key)) this.#take(key, value, left);
        }
      }
      for (const key of this.#local.keys()) {
        if (!found.has(key) && !changed.has(key)) this.#local.delete(key);
      }
    } finally {
      this.#readings.delete(changed);
    }
  }

  /** Whether the copy holds a note with this value and, to a second, this end. */
  #has(key: string, value: string, left: number): boolean {
    const note = this.#local.note(key);
    return note?.value === value && Math.abs(note.until - Date.now() - left) < 1000;
  }

  async #scan(): Promise<string[]> {
    const match = `${this.#base.replace(/[*?[\]\\]/g, "\\$&")}*`;
    const all = new Set<string>();
    let cursor = "0";
    do {
      const scanned = this.#client.scan(cursor, "MATCH", match, "COUNT", 1000);
      const [next, keys] = await this.#link.within(scanned);
      for (const key of keys) all.add(key.slice(this.#base.length));
      cursor = next;
    } while (cursor !== "0");
    return [...all];
  }

  async #load(keys: readonly string[]): Promise<[key: string, value: string, left: number][]> {
    const load = async (key: string): Promise<[string, string, number][]> => {
      const place = this.#base + key;
      const [value, left] = await Promise.all([this.#client.get(place), this.#client.pttl(place)]);
      return value === null || left <= 0 ? [] : [[key, value, left]];
    };
    return (await this.#link.within(Promise.all(keys.map(load)))).flat();
  }

  /** Whether Redis is another one than before, or lost what it held. */
  async #forgot(): Promise<boolean> {
    const known = this.#epoch;
    await this.#link.within(this.#client.set(this.#mark, crypto.randomUUID(), "PX", MARK_KEPT, "NX"));
    this.#epoch = await this.#link.within(this.#client.get(this.#mark));
    return known !== null && known !== this.#epoch;
  }

  #complain(reason: string): void {
    if (!this.#warned) this.#warn(`Redis does not pass on what processes tell each other: ${reason}`);
    this.#warned = true;
  }
}

function* batches<T>(all: readonly T[]): Generator<T[]> {
  for (let i = 0; i < all.length; i += BATCH) yield all.slice(i, i + BATCH);
}
