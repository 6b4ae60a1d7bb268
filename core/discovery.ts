import { askUpstream } from "./ask-upstream.ts";
import { Canceller } from "./cancel.ts";
import { emit } from "./emit.ts";
import { badAnswer, GatewayError } from "./errors.ts";
import { isFields } from "./fields.ts";
import { readJsonObject } from "./json-answer.ts";
import { readWhole } from "./transport/body.ts";
import type { GatewayContext } from "./context.ts";
import type { Fields } from "./fields.ts";
import type { Upstream } from "./upstream.ts";

/** How long a start waits for lists that it does not remember, ms. */
const patience = 5000;
/** ms until a list that could not be had is asked for again; doubles up to the usual interval. */
const firstRetry = 10_000;
const listLimit = 16 * 1024 * 1024;
const listTimeout = 15_000;

/** Lists the models of upstreams that are configured without any. */
export interface Discovery {
  /** Takes the lists that are remembered, and waits a while for the others. Never rejects. */
  start(): Promise<void>;
  close(): void;
}

export function createDiscovery(context: GatewayContext): Discovery {
  const found = context.upstreams.filter(isDiscovered).map((upstream) => new ModelList(upstream, context));
  return {
    async start() {
      if (found.length === 0) return;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const patient = new Promise<void>((resolve) => (timer = setTimeout(resolve, patience)));
      await Promise.race([Promise.all(found.map((list) => list.start())), patient]);
      clearTimeout(timer);
    },
    close() {
      for (const list of found) list.close();
    },
  };
}

/** Whether an upstream offers what its service lists. */
function isDiscovered({ models, prefixes, provider }: Upstream): boolean {
  return models.length === 0 && prefixes.length === 0 && provider.listModels !== undefined;
}

/** One upstream's list: read from state, asked for anew in the background. */
class ModelList {
  readonly #upstream: Upstream;
  readonly #context: GatewayContext;
  readonly #canceller = new Canceller();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(upstream: Upstream, context: GatewayContext) {
    this.#upstream = upstream;
    this.#context = context;
  }

  async start(): Promise<void> {
    const kept = await this.#kept();
    if (!kept) return this.#refresh();
    this.#take(kept.names);
    if (kept.fresh > 0) this.#refreshIn(kept.fresh);
    else void this.#refresh();
  }

  /** Takes the list that another process had meanwhile, or asks for it. Never rejects. */
  async #again(): Promise<void> {
    const kept = await this.#kept();
    if (!kept || kept.fresh <= 0 || this.#canceller.cancelled) return this.#refresh();
    this.#take(kept.names);
    this.#refreshIn(kept.fresh);
  }

  /** The list that is remembered, and the ms for which it is as good as asking: where another process just asked. */
  async #kept(): Promise<{ names: string[]; fresh: number } | undefined> {
    const { state, server } = this.#context;
    const kept = await state.storage.getItem<unknown>(this.#key).catch(() => undefined);
    const { names, at }: Fields = isFields(kept) ? kept : {};
    const known = Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
    if (known.length === 0) return undefined;
    const age = typeof at === "number" ? Math.max(0, Date.now() - at) : Number.POSITIVE_INFINITY;
    return { names: known, fresh: state.shared ? server.modelRefresh - age : 0 };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#canceller.cancel(new GatewayError("Closed.", { status: 503, code: "stopping" }));
  }

  get #key(): string {
    return `models:${encodeURIComponent(this.#upstream.name)}`;
  }

  #take(names: readonly string[]): void {
    this.#upstream.models = names.map((name) => ({ name }));
    void emit(this.#context, "models:change", this.#upstream);
  }

  /** Never rejects. */
  async #refresh(): Promise<void> {
    const { log, state, server } = this.#context;
    try {
      const names = await listModels(this.#upstream, this.#canceller);
      this.#failures = 0;
      this.#take(names);
      await state.storage.setItem(this.#key, { names, at: Date.now() }).catch(() => {});
    } catch (error) {
      if (this.#canceller.cancelled) return;
      this.#failures++;
      const reason = error instanceof GatewayError ? error.message : String(error);
      log.warn(`The models of upstream ${this.#upstream.name} could not be listed: ${reason}`);
    }
    if (this.#canceller.cancelled || server.modelRefresh === 0) return;
    const retry = this.#failures > 0 ? firstRetry * 2 ** (this.#failures - 1) : Number.POSITIVE_INFINITY;
    this.#refreshIn(Math.min(server.modelRefresh, retry));
  }

  #refreshIn(ms: number): void {
    if (this.#canceller.cancelled) return;
    this.#timer = setTimeout(() => void this.#again(), ms);
    // A process that has nothing else to do may end.
    if (typeof this.#timer === "object") this.#timer.unref();
  }
}

/** Asks an upstream for its models. Rejects with a GatewayError. */
async function listModels(upstream: Upstream, canceller: Canceller): Promise<string[]> {
  const get = (path: string, search = ""): Promise<Fields> => getJson(upstream, path + search, canceller);
  const names = await upstream.provider.listModels?.(upstream, get);
  return [...new Set(names)];
}

async function getJson(upstream: Upstream, place: string, canceller: Canceller): Promise<Fields> {
  const answer = await askUpstream(upstream, { place, timeout: listTimeout, canceller });
  if (answer.status !== 200) {
    // Read whole, its connection is of use again.
    await readWhole(answer.body, listLimit);
    throw badAnswer(`status ${answer.status}`);
  }
  // Some services answer with the bare list.
  return readJsonObject(answer.body, listLimit, "data");
}
