import * as runtime from "#runtime";
import { wildcard } from "../glob.ts";
import { writeRateLimits } from "../rate-limits.ts";
import { createMemoryCounters } from "../state/memory.ts";
import { timeoutsFor } from "../timeouts.ts";
import { transportError } from "../transport/failure.ts";
import { sampler } from "./distribution.ts";
import { defaultBehaviour } from "./load.ts";
import { seededRandom } from "./random.ts";
import type { CallState } from "../call-state.ts";
import type { Clock } from "../clock.ts";
import type { RateLimits } from "../rate-limits.ts";
import type { Exchange } from "../send.ts";
import type { MemoryCounters } from "../state/memory.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { TransportFailure } from "../transport/failure.ts";
import type { Attempt, Target } from "../upstream.ts";
import type { Behaviour, Load, Mishap, ScriptedFailure } from "./load.ts";
import type { SimulatedCall } from "./simulated-call.ts";
import type { Statistics, KeyStatistics } from "./statistics.ts";

/** How one attempt goes. */
interface Course {
  /** ms until there is an answer, or none. */
  after: number;
  status: number;
  failure?: TransportFailure;
  headers: HeaderPairs;
  /** ms from the first byte to the last. */
  rest: number;
  cut: boolean;
}

/** One upstream's service. */
interface Service extends Omit<Required<Behaviour>, "errors"> {
  errors: readonly (readonly [what: Mishap | number, share: number])[];
  random: () => number;
  firstByteTime: () => number;
  /** Those of the script that may meet it. */
  failures: readonly ScriptedFailure[];
}

/** ms in which a connection is refused. */
const refusing = 1;

const failureOf: Record<Exclude<Mishap, "cut">, TransportFailure> = {
  refuse: "connect_failed",
  reset: "connection_lost",
  hang: "first_byte_timeout",
};

/** What services say of a refusal, where their protocols have a word for it. */
const codes: Record<number, string> = {
  401: "invalid_api_key",
  402: "insufficient_quota",
  429: "rate_limit_exceeded",
};

/** Stands in for all services behind a gateway. */
export class Services {
  readonly #load: Load;
  readonly #seed: number;
  readonly #clock: Clock;
  readonly #statistics: Statistics;
  readonly #services = new Map<string, Service>();
  readonly #counters: MemoryCounters;

  constructor(load: Load, seed: number, clock: Clock, statistics: Statistics) {
    this.#load = load;
    this.#seed = seed;
    this.#clock = clock;
    this.#statistics = statistics;
    this.#counters = createMemoryCounters(() => clock.now());
  }

  readonly exchange: Exchange = (call, target, attempt) => {
    const clock = this.#clock;
    const simulated = call as SimulatedCall;
    const seen = this.#statistics.begin(target);
    const course = this.#within(this.#course(simulated, target), call, target);
    return new Promise((resolve, reject) => {
      const forget = call.canceller.onCancel((reason) => {
        callOff();
        this.#statistics.end(seen, "given up");
        reject(transportError("cancelled", reason));
      });
      const callOff = clock.after(course.after, () => {
        forget();
        if (course.failure) {
          this.#statistics.end(seen, `upstream_${course.failure}`);
          reject(transportError(course.failure, undefined));
        } else resolve(this.#answer(simulated, attempt, course, seen));
      });
    });
  };

  #answer(call: SimulatedCall, attempt: Attempt, course: Course, seen: KeyStatistics): Response {
    const { status, headers, rest, cut, after } = course;
    attempt.headers = headers;
    const refused = status >= 400;
    const streaming = call.stream && !refused;
    const contentType = streaming ? "text/event-stream" : "application/json";
    headers.push("content-type", contentType);
    call.answer = { status, contentType, encoding: "", streaming };
    if (refused) {
      const code = codes[status];
      attempt.failure = { message: `Simulated status ${status}.`, ...(code !== undefined && { code }) };
      this.#statistics.end(seen, `status ${status}`);
    } else {
      call.answering = { target: attempt.target, seen, rest, cut };
      seen.upstream.firstByte.add(after);
    }
    return runtime.respond(status, "", headers, null);
  }

  /** No longer than the gateway waits. */
  #within(course: Course, call: CallState, target: Target): Course {
    const { firstByte } = timeoutsFor(target.upstream, call);
    if (firstByte === 0 || course.after <= firstByte) return course;
    return { ...course, after: firstByte, failure: "first_byte_timeout" };
  }

  #course(call: SimulatedCall, target: Target): Course {
    const service = this.#service(target.upstream.name);
    const scripted = this.#scripted(service, target);
    const headers: HeaderPairs = [];
    if (scripted && scripted.do !== "slow") {
      if (scripted.retryAfter !== undefined && typeof scripted.do === "number")
        headers.push("retry-after", String(Math.ceil(scripted.retryAfter / 1000)));
      return this.#failed(service, call, scripted.do, headers);
    }
    if (service.limits.length > 0 && !this.#take(service, call, target, headers))
      return this.#failed(service, call, 429, headers);
    const chance = chosen(service);
    if (chance !== undefined) return this.#failed(service, call, chance, headers);
    return answered(service, call, headers, scripted?.times ?? 1);
  }

  #failed(service: Service, call: SimulatedCall, what: Mishap | number, headers: HeaderPairs): Course {
    if (typeof what === "number")
      return { after: service.refusal, status: what, headers, rest: 0, cut: false };
    const whole = answered(service, call, headers, 1);
    // A whole answer that is cut comes to nothing: it is no stream of which the client had a part.
    if (what === "cut")
      return whole.rest > 0
        ? { ...whole, rest: whole.rest / 2, cut: true }
        : { ...whole, failure: "connection_lost" };
    const failure = failureOf[what];
    const after = { refuse: refusing, reset: whole.after, hang: Number.POSITIVE_INFINITY }[what];
    return { after, status: 0, failure, headers, rest: 0, cut: false };
  }

  /** What the script says of an attempt that begins now. */
  #scripted({ failures, random }: Service, { keyPlace }: Target): ScriptedFailure | undefined {
    if (failures.length === 0) return undefined;
    const time = this.#clock.tick();
    return failures.find(
      ({ at, for: length, key, share }) =>
        time >= at &&
        time < at + length &&
        (key === undefined || key === keyPlace + 1) &&
        (share === 1 || random() < share),
    );
  }

  /** Charges an attempt to the service's own limits, and tells of them in the headers. False where it refuses. */
  #take({ limits, limitPer }: Service, call: SimulatedCall, target: Target, headers: HeaderPairs): boolean {
    const { name } = target.upstream;
    const whose =
      limitPer === "key" && target.upstream.keys.length > 1 ? `${name} #${target.keyPlace + 1}` : name;
    const { inputTokens, outputTokens } = call.arrival;
    const windows = limits.map(({ amount: limit, window, unit }) => ({
      key: `${whose} ${unit}`,
      limit,
      window,
      amount: unit === "requests" ? 1 : Math.min(limit, inputTokens + outputTokens),
    }));
    const { allowed, refused, retryAfter, windows: states, at } = this.#counters.take(windows);
    const told: RateLimits = {};
    for (const [i, { unit }] of limits.entries()) {
      const state = states[i];
      if (!state || (told[unit] && i !== refused)) continue;
      told[unit] = {
        limit: state.limit,
        remaining: Math.floor(state.remaining),
        resetAt: at + state.resetAfter,
      };
    }
    headers.push(...writeRateLimits(told, undefined, at));
    if (allowed) return true;
    headers.push("retry-after", String(Math.max(1, Math.ceil(retryAfter / 1000))));
    this.#statistics.held("limit", `the service's ${limits[refused]?.text ?? "limit"}`, whose);
    return false;
  }

  #service(name: string): Service {
    const known = this.#services.get(name);
    if (known) return known;
    const { upstreams, failures } = this.#load;
    const own = Object.hasOwn(upstreams, name)
      ? name
      : Object.keys(upstreams).find((pattern) => pattern !== "*" && wildcard(pattern)(name));
    const random = seededRandom(this.#seed, `service ${name}`);
    const behaviour = {
      ...defaultBehaviour,
      ...upstreams["*"],
      ...(own !== undefined && upstreams[own]),
    } as Required<Behaviour>;
    const made: Service = {
      ...behaviour,
      errors: Object.entries(behaviour.errors).map(([name, share]) => [errorOf(name), share]),
      random,
      firstByteTime: sampler(behaviour.firstByte, random),
      failures: failures.filter(({ upstream }) => wildcard(upstream)(name)),
    };
    this.#services.set(name, made);
    return made;
  }
}

function answered(
  service: Service,
  { arrival, stream }: SimulatedCall,
  headers: HeaderPairs,
  times: number,
): Course {
  const first = service.firstByteTime() * times;
  const writing = (arrival.outputTokens / service.tokensPerSecond) * 1000 * times;
  return {
    after: stream ? first : first + writing,
    status: 200,
    headers,
    rest: stream ? writing : 0,
    cut: false,
  };
}

function errorOf(name: string): Mishap | number {
  return /^\d/.test(name) ? Number(name) : (name as Mishap);
}

/** What goes wrong with an attempt by chance. */
function chosen({ errors, random }: Service): Mishap | number | undefined {
  if (errors.length === 0) return undefined;
  let drawn = random();
  for (const [what, share] of errors) {
    drawn -= share;
    if (drawn < 0) return what;
  }
  return undefined;
}
