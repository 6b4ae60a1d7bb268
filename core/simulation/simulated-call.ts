import { CallState } from "../call-state.ts";
import type { Generation } from "../generation.ts";
import type { RequestFacts } from "../protocol.ts";
import type { Match } from "../router.ts";
import type { Target } from "../upstream.ts";
import type { Arrival } from "./arrivals.ts";
import type { KeyStatistics } from "./statistics.ts";

/** What calls of one kind share, made once: the body that they would come with. */
interface Prepared {
  body: Uint8Array;
  json: unknown;
  facts: RequestFacts | undefined;
}

/** The answer that a call is given, from its first byte on. */
export interface Answering {
  target: Target;
  seen: KeyStatistics;
  /** ms from the first byte to the last. */
  rest: number;
  /** It breaks instead of ending. */
  cut: boolean;
}

/** A call of a simulation: as any other, but that nothing of it is read from a socket. */
export class SimulatedCall extends CallState {
  readonly arrival: Arrival;
  /** Place among all calls of the simulation. */
  readonly number: number;
  /** Set with each answer that begins. */
  answering: Answering | undefined = undefined;
  readonly #prepared: Prepared;

  constructor(generation: Generation, arrival: Arrival, number: number, parts: CallParts) {
    const { path, match, request, prepared } = parts;
    super(generation.context, { request, path, search: "", ip: arrival.ip, match, inner: false });
    this.arrival = arrival;
    this.number = number;
    this.#prepared = prepared;
  }

  override async inspect(): Promise<void> {
    if (this.facts) return;
    const prepared = this.#prepared;
    this.body = prepared.body;
    if (prepared.facts) {
      this.json = prepared.json;
      this.model = this.askedModel = prepared.facts.model;
      this.stream = prepared.facts.stream;
    } else {
      await super.inspect();
      prepared.json = this.json;
      prepared.facts = this.facts;
    }
    if (prepared.facts) this.facts = { ...prepared.facts, messages: () => [this.#message()] };
  }

  override estimateInput(): number {
    return this.arrival.inputTokens;
  }

  /** Other words for each conversation. */
  #message(): { role: string; text: string } {
    const { conversation = `of call ${this.number}` } = this.arrival;
    return { role: "user", text: `Conversation ${conversation}` };
  }
}

interface CallParts {
  path: string;
  match: Match | undefined;
  request: Request;
  prepared: Prepared;
}

/** How many kinds of calls are remembered. */
const remembered = 10_000;
const encoder = new TextEncoder();

/** Makes calls: chats, over the first chat endpoint there is. */
export class CallMaker {
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #maxTokens: number | undefined;
  readonly #requests = new Map<string | undefined, Request>();
  readonly #prepared = { whole: new Map<string, Prepared>(), streamed: new Map<string, Prepared>() };
  #path: { path: string; match: Match | undefined } | undefined;
  #made = 0;

  /** @param secrets Gateway keys by name. */
  constructor(secrets: ReadonlyMap<string, string>, maxTokens: number | undefined) {
    this.#secrets = secrets;
    this.#maxTokens = maxTokens;
  }

  make(generation: Generation, arrival: Arrival): SimulatedCall {
    const { path, match } = (this.#path ??= chatPath(generation));
    const { model, stream, key } = arrival;
    const parts = { path, match, request: this.request(key), prepared: this.#preparedFor(model, stream) };
    return new SimulatedCall(generation, arrival, this.#made++, parts);
  }

  /** A request with the key of this name. One object serves all calls: nobody reads its body. */
  request(key: string | undefined): Request {
    const known = this.#requests.get(key);
    if (known) return known;
    const headers = new Headers({ "content-type": "application/json" });
    const secret = key === undefined ? undefined : this.#secrets.get(key);
    if (secret !== undefined) headers.set("authorization", `Bearer ${secret}`);
    const made = new Request(`http://simulated${this.#path?.path ?? "/"}`, { method: "POST", headers });
    this.#requests.set(key, made);
    return made;
  }

  #preparedFor(model: string, stream: boolean): Prepared {
    const prepared = stream ? this.#prepared.streamed : this.#prepared.whole;
    const known = prepared.get(model);
    if (known) return known;
    const most = this.#maxTokens === undefined ? {} : { max_tokens: this.#maxTokens };
    const json = { model, stream, ...most, messages: [{ role: "user", content: "?" }] };
    const made: Prepared = { body: encoder.encode(JSON.stringify(json)), json, facts: undefined };
    if (prepared.size >= remembered) prepared.clear();
    prepared.set(model, made);
    return made;
  }
}

function chatPath({ context, router }: Generation): { path: string; match: Match | undefined } {
  for (const { endpoints } of context.protocols.values()) {
    const chat = endpoints.find(({ operation, path }) => operation === "chat" && !path.includes("{"));
    if (chat) return { path: chat.path, match: router("POST", chat.path) };
  }
  return { path: "/", match: undefined };
}
