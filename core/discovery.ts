import * as runtime from "#runtime";
import { Canceller } from "./cancel.ts";
import { emit } from "./emit.ts";
import { badAnswer, GatewayError } from "./errors.ts";
import { isFields } from "./fields.ts";
import { setHeader } from "./headers.ts";
import { readWhole } from "./transport/body.ts";
import type { GatewayContext } from "./context.ts";
import type { Fields } from "./fields.ts";
import type { HeaderPairs } from "./transport/types.ts";
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
    const kept = await this.#context.state.storage.getItem<unknown>(this.#key).catch(() => undefined);
    const names = Array.isArray(kept) ? kept.filter((name) => typeof name === "string") : [];
    if (names.length > 0) {
      this.#take(names);
      void this.#refresh();
      return;
    }
    await this.#refresh();
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
      await state.storage.setItem(this.#key, names).catch(() => {});
    } catch (error) {
      if (this.#canceller.cancelled) return;
      this.#failures++;
      const reason = error instanceof GatewayError ? error.message : String(error);
      log.warn(`The models of upstream ${this.#upstream.name} could not be listed: ${reason}`);
    }
    if (this.#canceller.cancelled || server.modelRefresh === 0) return;
    const retry = this.#failures > 0 ? firstRetry * 2 ** (this.#failures - 1) : Number.POSITIVE_INFINITY;
    this.#timer = setTimeout(() => void this.#refresh(), Math.min(server.modelRefresh, retry));
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

async function getJson(upstream: Upstream, path: string, canceller: Canceller): Promise<Fields> {
  const { provider, keys, proxy } = upstream;
  const headers: HeaderPairs = ["accept", "application/json", "accept-encoding", "identity"];
  for (const name in upstream.headers) setHeader(headers, name.toLowerCase(), upstream.headers[name] ?? "");
  const target = { upstream, key: keys[0], model: undefined };
  if (target.key !== undefined || provider.ownCredentials) await provider.authenticate(headers, target);
  const timeouts = { ...upstream.timeouts, firstByte: listTimeout, silence: listTimeout };
  const url = path.startsWith("/") ? upstream.baseURL + path : path;
  const answer = await runtime.send(url, {
    method: "GET",
    headers,
    body: null,
    canceller,
    timeouts,
    proxy,
  });
  const bytes = await readWhole(answer.body, listLimit);
  if (answer.status !== 200) throw badAnswer(`status ${answer.status}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw badAnswer("it is not JSON", error);
  }
  // Some services answer with the bare list.
  if (Array.isArray(value)) return { data: value };
  if (!isFields(value)) throw badAnswer("it is no JSON object");
  return value;
}
