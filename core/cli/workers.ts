import { spawnWorker } from "#serve";
import { StartError, fromFailure, toFailure } from "./failure.ts";
import { load } from "./load.ts";
import type { Log } from "../context.ts";
import type { ServeFlags } from "./flags.ts";
import type { Failure } from "./failure.ts";
import type { Running } from "./run.ts";
import type { FromWorker, SpawnWorker, Worker } from "./serve.ts";

/** How long a worker that died is missing, ms: doubled each time until one lives for `healthy`. */
export interface BackOff {
  first: number;
  most: number;
  healthy: number;
}

const defaultBackOff: BackOff = { first: 500, most: 30_000, healthy: 60_000 };

/** One of the N places; its worker changes. */
interface Place {
  number: number;
  worker: Worker;
  startedAt: number;
  ready: boolean;
  /** Deaths in a row. */
  deaths: number;
  failure: Failure | undefined;
  /** Reloads that wait for its answer. */
  reloads: Map<number, (failure: Failure | undefined) => void>;
  restart: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Starts `flags.workers` workers that share the port, and keeps that many alive. Only supervises: it
 * handles no call itself. Rejects when a worker cannot start; then none is left.
 * @param killAfter ms after which a worker that was told to stop is killed.
 */
export async function supervise(
  flags: ServeFlags,
  killAfter: number,
  log: Log,
  spawn: SpawnWorker = spawnWorker,
  backOff: BackOff = defaultBackOff,
): Promise<Running> {
  const pool = new WorkerPool(flags, log, spawn, backOff);
  const url = await pool.start();
  return {
    url,
    reload: () => pool.reload(),
    stop: () => pool.stop(killAfter),
    abandon: () => pool.abandon(),
  };
}

class WorkerPool {
  readonly #flags: ServeFlags;
  readonly #log: Log;
  readonly #spawn: SpawnWorker;
  readonly #backOff: BackOff;
  readonly #places: Place[] = [];
  #started: { resolve(url: string): void; reject(error: Error): void } | undefined;
  #stopping = false;
  #onEmpty: (() => void) | undefined;
  #alive = 0;
  #lastId = 0;
  #reloading: Promise<unknown> = Promise.resolve();

  constructor(flags: ServeFlags, log: Log, spawn: SpawnWorker, backOff: BackOff) {
    this.#flags = flags;
    this.#log = log;
    this.#spawn = spawn;
    this.#backOff = backOff;
  }

  /** Resolves with the URL once all are ready. */
  async start(): Promise<string> {
    const started = new Promise<string>((resolve, reject) => (this.#started = { resolve, reject }));
    for (let number = 1; number <= this.#flags.workers; number++) this.#fill(number, 0);
    try {
      return await started;
    } catch (error) {
      this.abandon();
      throw error;
    } finally {
      this.#started = undefined;
    }
  }

  /** Has all workers read the configuration again, after reading it here: what is wrong is told once. */
  reload(): Promise<void> {
    const next = this.#reloading.then(async () => {
      await load(this.#flags);
      const failures = await Promise.all(
        this.#places.filter((place) => place.ready).map((place) => this.#ask(place)),
      );
      const failure = failures.find(Boolean);
      if (failure) throw fromFailure(failure);
    });
    this.#reloading = next.catch(() => {});
    return next;
  }

  async stop(killAfter: number): Promise<void> {
    this.#stopping = true;
    for (const place of this.#places) clearTimeout(place.restart);
    if (this.#alive === 0) return;
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const { worker } of this.#places) worker.send({ type: "stop" });
    const timer = setTimeout(() => this.abandon(), killAfter);
    await empty;
    clearTimeout(timer);
  }

  abandon(): void {
    this.#stopping = true;
    for (const place of this.#places) {
      clearTimeout(place.restart);
      place.worker.kill();
    }
  }

  #fill(number: number, deaths: number): void {
    const worker = this.#spawn(number, {
      message: (message) => this.#hear(place, message),
      exit: (reason) => this.#bury(place, reason),
    });
    const place: Place = {
      number,
      worker,
      deaths,
      startedAt: Date.now(),
      ready: false,
      failure: undefined,
      reloads: new Map(),
      restart: undefined,
    };
    this.#places[number - 1] = place;
    this.#alive++;
    worker.send({ type: "start", flags: this.#flags, number });
  }

  #hear(place: Place, message: FromWorker): void {
    if (message.type === "ready") {
      place.ready = true;
      if (!this.#started) this.#log.info(`Worker ${place.number} serves again.`);
      else if (this.#places.every(({ ready }) => ready)) this.#started.resolve(message.url);
    } else if (message.type === "failed") {
      place.failure = message.failure;
    } else if (message.type === "reloaded") {
      place.reloads.get(message.id)?.(message.failure);
      place.reloads.delete(message.id);
    } else if (message.type === "reload-request") {
      const { id } = message;
      void this.reload().then(
        () => place.worker.send({ type: "reload-answer", id }),
        (error: unknown) => place.worker.send({ type: "reload-answer", id, failure: toFailure(error) }),
      );
    }
  }

  #ask(place: Place): Promise<Failure | undefined> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      place.reloads.set(id, resolve);
      place.worker.send({ type: "reload", id });
    });
  }

  /** A worker ended: another takes its place, unless this is the end of all. */
  #bury(place: Place, reason: string): void {
    this.#alive--;
    place.ready = false;
    for (const settle of place.reloads.values()) settle(undefined);
    if (this.#alive === 0) this.#onEmpty?.();
    if (this.#stopping) return;
    if (this.#started) {
      const { failure } = place;
      const message = `worker ${place.number} ended while it started (${reason})`;
      this.#started.reject(failure ? fromFailure(failure) : new StartError(message));
      return;
    }
    const { first, most, healthy } = this.#backOff;
    const deaths = Date.now() - place.startedAt < healthy ? place.deaths : 0;
    const wait = Math.min(most, first * 2 ** deaths);
    const why = place.failure ? `${reason}: ${place.failure.message}` : reason;
    this.#log.error(`Worker ${place.number} ended (${why}); another one starts in ${wait} ms.`);
    place.restart = setTimeout(() => this.#fill(place.number, deaths + 1), wait);
  }
}
