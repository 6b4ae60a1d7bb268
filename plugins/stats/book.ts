import type { Call, GatewayContext, Outcome } from "../../core/index.ts";
import { addPage, count, emptyCounts, toPage } from "./counts.ts";
import type { Counts, Page } from "./counts.ts";

const hour = 3_600_000;
/** Hours that are kept. */
export const longest = 720;
const prefix = "stats";
/** s. */
const keptFor = (longest + 1) * 3600;
/** ms from a count to its writing. */
const writeAfter = 5000;

/**
 * Counts by the hour. Each process writes pages of its own into the gateway's storage, `stats:<hour>:<who>`, so that
 * none overwrites another's; they are added up when somebody asks.
 */
export class Book {
  readonly #gateway: GatewayContext;
  readonly #who = crypto.randomUUID();
  /** By hours since the epoch: this process's pages that may still change. */
  readonly #pages = new Map<number, Counts>();
  readonly #unwritten = new Set<number>();
  #callOff: (() => void) | undefined;

  constructor(gateway: GatewayContext) {
    this.#gateway = gateway;
  }

  record(call: Call, outcome: Outcome): void {
    const now = Math.floor(this.#gateway.clock.now() / hour);
    const page = this.#page(now);
    const model = call.askedModel ?? call.model ?? "";
    for (const [index, { target, status, error }] of call.attempts.entries()) {
      const channel = JSON.stringify([target.upstream.name, model]);
      const broken = outcome.result === "broken" && index === call.attempts.length - 1;
      const failed = broken || error !== undefined || status === undefined || status >= 400;
      count(page.tried, channel);
      count(page.succeeded, channel, failed ? 0 : 1);
    }
    if (!call.inner && call.endpoint) {
      if (model !== "") count(page.models, model);
      count(page.endpoints, `${call.method} ${call.endpoint.path}`);
      count(page.ips, call.ip);
    }
    this.#unwritten.add(now);
    this.#callOff ??= this.#gateway.clock.after(writeAfter, () => void this.write().catch(() => {}), true);
  }

  /** The sum of all processes' counts of the last hours, this one included. */
  async sum(hours: number): Promise<Counts> {
    await this.write();
    const { storage } = this.#gateway.state;
    const first = Math.floor(this.#gateway.clock.now() / hour) - hours;
    const keys = (await storage.getKeys(prefix)).filter((key) => hourOf(key) >= first);
    const sum = emptyCounts();
    for (const page of await Promise.all(keys.map((key) => storage.getItem<Page>(key)))) {
      if (page !== null) addPage(sum, page);
    }
    return sum;
  }

  /** Writes the pages that changed, and lets go of those that are over. Rejects when the storage does. */
  async write(): Promise<void> {
    this.#callOff?.();
    this.#callOff = undefined;
    const { storage } = this.#gateway.state;
    const now = Math.floor(this.#gateway.clock.now() / hour);
    for (const at of this.#unwritten) {
      const page = this.#pages.get(at);
      // Also counted while this is written: then it is written again.
      this.#unwritten.delete(at);
      try {
        if (page) await storage.setItem(`${prefix}:${at}:${this.#who}`, toPage(page), { ttl: keptFor });
      } catch (error) {
        this.#unwritten.add(at);
        throw error;
      }
      if (at < now) this.#pages.delete(at);
    }
  }

  #page(at: number): Counts {
    const known = this.#pages.get(at);
    if (known) return known;
    const page = emptyCounts();
    this.#pages.set(at, page);
    // Once an hour: only Redis forgets by itself.
    void this.#prune(at - longest).catch(() => {});
    return page;
  }

  async #prune(before: number): Promise<void> {
    const { storage } = this.#gateway.state;
    for (const key of await storage.getKeys(prefix)) if (hourOf(key) < before) await storage.removeItem(key);
  }
}

function hourOf(key: string): number {
  return Number(key.split(":").at(-2));
}
