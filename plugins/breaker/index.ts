import { definePlugin, emit, settingsByUpstream } from "../../core/index.ts";
import { Circuits } from "./circuits.ts";
import { breakerOptions } from "./options.ts";
import { verdictReader } from "./verdict.ts";
import type {
  Attempt,
  Gate,
  GatewayContext,
  Rest,
  Target,
  TargetReport,
  Upstream,
} from "../../core/index.ts";
import type { Circuit } from "./circuit.ts";
import type { BreakerSettings } from "./options.ts";

/** Leaves targets alone that fail, for a time that grows, and tries them with few calls before the others follow. */
export default definePlugin({
  name: "breaker",
  options: breakerOptions,
  setup({ upstreams = {}, ...all }, gateway) {
    const breaker = new Breaker(gateway, settingsByUpstream(all, upstreams));
    // What rests when a process starts rests from its first call on.
    const ready = async (): Promise<void> => gateway.state.board.load?.();
    return { gate: breaker.gate, ready, close: breaker.watchChecks() };
  },
});

class Breaker {
  readonly #gateway: GatewayContext;
  readonly #settingsOf: (upstream: Upstream) => BreakerSettings;
  readonly #circuits: Circuits;
  readonly #verdictOf = verdictReader();
  /** Attempts that try what rested. */
  readonly #probes = new Map<Attempt, Circuit>();
  /** Upstreams that are asked whether they are well. */
  readonly #checked = new Map<Upstream, Circuit>();
  #unhook: (() => void) | undefined;

  constructor(gateway: GatewayContext, settingsOf: (upstream: Upstream) => BreakerSettings) {
    this.#gateway = gateway;
    this.#settingsOf = settingsOf;
    this.#circuits = new Circuits(gateway, settingsOf);
  }

  readonly gate: Gate = {
    name: "breaker",
    check: (target, now) => {
      const obstacle = this.#circuits.of(target).obstacle(now);
      if (obstacle || this.#checked.size === 0) return obstacle;
      return this.#checked.get(target.upstream)?.obstacle(now);
    },
    enter: (attempt) => {
      const circuit = this.#circuits.of(attempt.target);
      if (circuit.enter(attempt.startedAt)) this.#probe(attempt, circuit);
      return undefined;
    },
    leave: (attempt) => {
      const { target, startedAt } = attempt;
      const circuit = this.#circuits.of(target);
      const probe = this.#probes.size > 0 && this.#endProbe(attempt);
      const verdict = this.#verdictOf(attempt, this.#settingsOf(target.upstream));
      // A success is counted when it began to show: most calls are one, and a look at the clock costs more than all else.
      const now = verdict === "success" ? startedAt + attempt.duration : this.#gateway.clock.now();
      const rest = circuit.leave(verdict, startedAt, probe, now);
      if (rest) this.#tell(target, rest);
    },
    describe: (target, now) => reportOf(this.#circuits.of(target), now),
  };

  /** Takes part in the checks of whole upstreams. Returns what ends it. */
  watchChecks(): () => void {
    const unhook = this.#gateway.hooks.hook("upstream:check", ({ upstream, ok, next }) => {
      if (!this.#gateway.upstreams.includes(upstream)) return;
      const now = this.#gateway.clock.now();
      const circuit = this.#circuits.ofUpstream(upstream);
      this.#checked.set(upstream, circuit);
      // The next answer takes its time.
      if (ok) circuit.success(now, now);
      else circuit.unwell(now, next * 1.5);
    });
    return () => {
      unhook();
      this.#unhook?.();
    };
  }

  /** A stream may take long to end: that an answer begins is enough, and only what is tried is watched for it. */
  #probe(attempt: Attempt, circuit: Circuit): void {
    this.#probes.set(attempt, circuit);
    this.#unhook ??= this.#gateway.hooks.hook("attempt:finish", (_call, begun) => {
      const { status, error, startedAt } = begun;
      if (error !== undefined || status === undefined || status >= 400) return;
      this.#probes.get(begun)?.success(startedAt, this.#gateway.clock.now());
    });
  }

  #endProbe(attempt: Attempt): boolean {
    if (!this.#probes.delete(attempt)) return false;
    if (this.#probes.size === 0) {
      this.#unhook?.();
      this.#unhook = undefined;
    }
    return true;
  }

  #tell(target: Target, { reason, since, until }: Rest): void {
    const { scope } = this.#settingsOf(target.upstream);
    const { log } = this.#gateway;
    const what = scope === "upstream" ? target.upstream.name : target.id;
    log.warn(`Upstream ${what} rests for ${Math.ceil((until - since) / 1000)} s: ${reason}.`);
    void emit(this.#gateway, "target:rest", { gate: "breaker", target, scope, reason, until });
  }
}

function reportOf(circuit: Circuit, now: number): TargetReport | undefined {
  const { rest, inRow } = circuit;
  if (!rest) return inRow > 0 ? { state: "closed", failures: inRow } : undefined;
  const obstacle = circuit.obstacle(now);
  const { until = rest.until, reason } = obstacle ?? rest;
  return {
    state: now < rest.until ? "open" : "half-open",
    ...(obstacle && { obstacle: obstacle.kind }),
    reason,
    until: new Date(until).toISOString(),
  };
}
