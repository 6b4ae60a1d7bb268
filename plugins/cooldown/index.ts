import {
  definePlugin,
  emit,
  readRateLimits,
  RestNote,
  settingsByUpstream,
  spokenProtocol,
} from "../../core/index.ts";
import { judge, mayBeExhausted } from "./judge.ts";
import { cooldownOptions } from "./options.ts";
import type {
  Attempt,
  Call,
  Gate,
  GatewayContext,
  Obstacle,
  RateLimits,
  Rest,
  Target,
  TargetReport,
  Upstream,
} from "../../core/index.ts";
import type { Sentence } from "./judge.ts";
import type { CooldownSettings } from "./options.ts";

/** Leaves keys alone as the services ask for it: after 429, until a reset, and where a key is refused or its quota used up. */
export default definePlugin({
  name: "cooldown",
  options: cooldownOptions,
  setup: ({ upstreams = {}, ...all }, gateway) => ({
    gate: new Cooldown(gateway, settingsByUpstream(all, upstreams)).gate,
  }),
});

/** What rests of a target: the key over all models, or for its model. */
interface Notes {
  key: RestNote;
  target: RestNote;
}

class Cooldown {
  readonly #gateway: GatewayContext;
  readonly #settingsOf: (upstream: Upstream) => CooldownSettings;
  readonly #notes = new WeakMap<Target, Notes>();

  constructor(gateway: GatewayContext, settingsOf: (upstream: Upstream) => CooldownSettings) {
    this.#gateway = gateway;
    this.#settingsOf = settingsOf;
  }

  readonly gate: Gate = {
    name: "cooldown",
    check: (target, now, call) => (call.caller?.ownKey ? undefined : this.#obstacle(target, now)),
    leave: (attempt, call) => this.#leave(attempt, call),
    describe: (target, now) => {
      const { kind, reason, until } = this.#obstacle(target, now) ?? {};
      if (kind === undefined || reason === undefined || until === undefined) return undefined;
      return { obstacle: kind, reason, until: new Date(until).toISOString() } satisfies TargetReport;
    },
  };

  #obstacle(target: Target, now: number): Obstacle | undefined {
    const { key, target: own } = this.#notesOf(target);
    const rest = running(key, now) ?? running(own, now);
    return rest;
  }

  #notesOf(target: Target): Notes {
    const known = this.#notes.get(target);
    if (known) return known;
    const { board } = this.#gateway.state;
    const { id, upstream, keyPlace } = target;
    const notes = {
      key: new RestNote(board, `cooldown-key:${upstream.name} #${keyPlace + 1}`),
      target: new RestNote(board, `cooldown:${id}`),
    };
    this.#notes.set(target, notes);
    return notes;
  }

  #leave(attempt: Attempt, call: Call): void {
    const { target, end, status = 0, headers, startedAt } = attempt;
    // What a service says to a caller's own key it does not say to ours.
    if (end === "cancelled" || end === "failed" || call.caller?.ownKey) return;
    if (status < 400) {
      const { key } = this.#notesOf(target);
      const rest = key.read();
      if (rest && startedAt >= rest.since) key.delete();
      if (!headers || !mayBeExhausted(headers)) return;
    }
    const settings = this.#settingsOf(target.upstream);
    const at = startedAt + Math.round(attempt.duration);
    let limits: RateLimits | undefined;
    const sentence = judge(
      {
        status,
        failure: attempt.failure,
        at,
        opaque: call.endpoint === undefined,
        limits: () => (limits ??= this.#read(attempt, call, at)),
      },
      settings,
    );
    if (sentence) this.#rest(target, sentence, startedAt, at, settings.max);
  }

  #read({ headers, target }: Attempt, call: Call, at: number): RateLimits {
    if (!headers) return {};
    const { protocols } = this.#gateway;
    const spoken = spokenProtocol(call, target.upstream, target.model, protocols) ?? call.protocol;
    return readRateLimits(headers, spoken, at);
  }

  #rest(target: Target, sentence: Sentence, startedAt: number, at: number, max: number): void {
    const { scope, reason, grows } = sentence;
    const note = this.#notesOf(target)[scope];
    const before = note.read();
    const now = this.#gateway.clock.now();
    // Calls that were under way say the same again.
    if (before && grows && startedAt < before.since) return;
    const length =
      before && grows ? Math.min(Math.max(before.length * 2, sentence.length), max) : sentence.length;
    const until = at + length;
    if (until <= now || (before && before.until >= until)) return;
    // Without a model, one refused kind of call would stand for all others.
    const kind = target.model === undefined ? "rest" : sentence.kind;
    // What grows is remembered until it could have been seen to work.
    note.write({ kind, reason, since: now, until, length }, now, grows ? Math.max(length, 60_000) : 0);
    this.#tell(target, scope, reason, { now, until });
  }

  #tell(
    target: Target,
    scope: Sentence["scope"],
    reason: string,
    { now, until }: { now: number; until: number },
  ): void {
    const { upstream, keyPlace } = target;
    const { log } = this.#gateway;
    const seconds = Math.ceil((until - now) / 1000);
    // Rate limits are everyday; that a key no longer holds is for somebody to see to.
    if (scope === "key") {
      log.warn(`Key ${keyPlace + 1} of upstream ${upstream.name} rests for ${seconds} s: ${reason}.`);
    }
    void emit(this.#gateway, "target:rest", { gate: "cooldown", target, scope, reason, until });
  }
}

function running(note: RestNote, now: number): Rest | undefined {
  const rest = note.read();
  return rest && now < rest.until ? rest : undefined;
}
