import * as v from "valibot";
import { Canceller, checkUpstream, definePlugin, duration, emit, matcher } from "../../core/index.ts";
import type { CheckRequest, GatewayContext, Upstream } from "../../core/index.ts";

const request = v.strictObject({
  path: v.pipe(v.string(), v.startsWith("/"), v.description("Below the base URL.")),
  body: v.pipe(v.optional(v.unknown()), v.description("Sent as JSON with POST; without it, it is a GET.")),
});

const options = v.strictObject({
  interval: v.pipe(
    v.optional(duration, 30_000),
    v.check((ms) => ms >= 100, "at least 100ms"),
    v.description("How often each upstream is asked, by each process."),
  ),
  timeout: v.pipe(v.optional(duration, 5000), v.description("How long an answer may take.")),
  upstreams: v.pipe(
    v.optional(v.array(v.string())),
    v.description("Names of upstreams; `*` and `!` as in `keys`. Default all that can be asked."),
  ),
  requests: v.pipe(
    v.optional(v.record(v.string(), request)),
    v.description("What upstreams are asked that list no models, or are to be asked otherwise: by name."),
  ),
});

type Options = v.InferOutput<typeof options>;

/** Asks upstreams from time to time whether they are well, calls or none; `breaker` rests those that are not. */
export default definePlugin({
  name: "health-check",
  options,
  setup(given, gateway) {
    const checks: Check[] = [];
    return {
      ready() {
        const chosen = matcher(given.upstreams);
        for (const upstream of gateway.upstreams) {
          const { name, provider } = upstream;
          const asked = given.requests?.[name];
          if (!chosen(name) || (!asked && !provider.listModels) || provider.answer) continue;
          checks.push(new Check(upstream, asked, given, gateway));
        }
      },
      close: () => checks.forEach((check) => check.close()),
    };
  },
});

/** The checks of one upstream, one after the other. */
class Check {
  readonly #upstream: Upstream;
  readonly #request: CheckRequest | undefined;
  readonly #options: Options;
  readonly #gateway: GatewayContext;
  readonly #canceller = new Canceller();
  #stop: () => void;

  constructor(upstream: Upstream, asked: CheckRequest | undefined, given: Options, gateway: GatewayContext) {
    this.#upstream = upstream;
    this.#request = asked;
    this.#options = given;
    this.#gateway = gateway;
    // Not all at once, nor those of several processes.
    this.#stop = this.#after(given.interval * gateway.clock.random());
  }

  close(): void {
    this.#stop();
    this.#canceller.cancel(new Error("closed"));
  }

  #after(ms: number): () => void {
    return this.#gateway.clock.after(ms, () => void this.#run(), true);
  }

  async #run(): Promise<void> {
    const { timeout, interval: next } = this.#options;
    const wrong = await checkUpstream(this.#upstream, {
      request: this.#request,
      timeout,
      canceller: this.#canceller,
    });
    if (this.#canceller.cancelled) return;
    const check = { upstream: this.#upstream, ok: wrong === undefined, reason: wrong ?? "it answers", next };
    void emit(this.#gateway, "upstream:check", check);
    this.#stop = this.#after(next);
  }
}
