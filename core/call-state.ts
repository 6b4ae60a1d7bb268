import * as runtime from "#runtime";
import { Canceller } from "./cancel.ts";
import { estimateTokens } from "./estimate.ts";
import { abandon, adopt, forkOf } from "./fork.ts";
import { formFields, isJsonBody, readForm } from "./form.ts";
import { parseBody } from "./json.ts";
import { readModelQuery } from "./query.ts";
import type { AnswerFacts, BrokenStream, Call, Caller, Outcome, TargetSource } from "./call.ts";
import type { OnClientGone } from "./config.ts";
import type { GatewayContext } from "./context.ts";
import type { GatewayError } from "./errors.ts";
import type { Endpoint, Operation, Protocol, RequestFacts } from "./protocol.ts";
import type { ReadAlong } from "./read-along.ts";
import type { Rostered } from "./roster.ts";
import type { Match } from "./router.ts";
import type { HeaderPairs } from "./transport/types.ts";
import type { Attempt, Candidate, Target } from "./upstream.ts";
import type { FileCache } from "./translate/media.ts";
import type { Splice } from "./translate/splice.ts";
import type { Usage } from "./usage.ts";

/** What the gateway knows when a request arrives. */
export interface Arrival {
  request: Request;
  path: string;
  search: string;
  ip: string;
  match: Match | undefined;
  inner: boolean;
}

/** A call as core sees it. Plugins see the `Call` interface. */
export class CallState implements Call, Rostered {
  readonly id: string = crypto.randomUUID();
  readonly startedAt: number;
  /** For durations: the wall clock may jump. */
  readonly startedTick: number;
  readonly gateway: GatewayContext;
  readonly request: Request;
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly ip: string;
  readonly inner: boolean;
  readonly canceller: Canceller = new Canceller();
  onClientGone: OnClientGone;
  readonly prefix: string | undefined;
  readonly rest: string;
  readonly endpoint: Endpoint | undefined;
  readonly protocol: Protocol | undefined;
  readonly operation: Operation;

  model: string | undefined = undefined;
  askedModel: string | undefined = undefined;
  stream = false;
  facts: RequestFacts | undefined = undefined;
  body: Uint8Array | undefined = undefined;
  json: unknown = undefined;
  caller: Caller | undefined = undefined;
  candidates: readonly Candidate[] = [];
  targets: TargetSource | undefined = undefined;
  target: Target | undefined = undefined;
  readonly attempts: Attempt[] = [];
  answer: AnswerFacts | undefined = undefined;
  readonly responseHeaders: HeaderPairs = [];
  usage: Usage | undefined = undefined;
  /** What the call failed with, if it did. */
  error: GatewayError | undefined = undefined;
  collecting = false;
  along: ReadAlong | undefined = undefined;
  taps: ((chunk: Uint8Array) => void)[] | undefined = undefined;
  outcome: Outcome | undefined = undefined;
  /** The client's request in the neutral shape, once a translation needs it. */
  neutral: Promise<unknown> | undefined = undefined;
  /** The request's body where it is a form. */
  form: FormData | undefined = undefined;
  /** Files that the request names or holds, once a translation needs them in another form. */
  files: FileCache | undefined = undefined;
  /** True when a plugin put another body in the place of the client's. */
  bodyReplaced = false;
  /** Writes the break of a translated stream as its client's protocol has it. */
  renderBreak: ((error: GatewayError) => Uint8Array) | undefined = undefined;
  onBreak: ((broken: BrokenStream) => Promise<boolean>) | undefined = undefined;
  /** The stream in which the answer of this attempt goes on. */
  continues: Splice | undefined = undefined;
  /** The call that this one, a fork, answers. */
  adoptedBy: CallState | undefined = undefined;
  /** True once the request's body went to an upstream as a stream: it cannot go again. */
  bodySpent = false;
  /** True once the client left before its answer was through. */
  clientLeft = false;
  /** True once its answer is through, or nothing more of it comes. */
  over = false;
  /** Among the gateway's calls that have not ended. */
  place = -1;
  readonly finishListeners: ((outcome: Outcome) => void | Promise<void>)[] = [];
  #inspected: Promise<void> | undefined = undefined;
  #notes: Map<string, unknown> | undefined = undefined;
  #finished: Promise<Outcome> | undefined = undefined;
  #inputEstimate = -1;

  constructor(gateway: GatewayContext, arrival: Arrival) {
    const { request, match } = arrival;
    this.gateway = gateway;
    this.startedAt = gateway.clock.now();
    this.startedTick = gateway.clock.tick();
    this.request = request;
    this.method = request.method;
    this.path = arrival.path;
    this.search = arrival.search;
    this.ip = arrival.ip;
    this.inner = arrival.inner;
    this.onClientGone = gateway.server.onClientGone;
    this.prefix = match?.prefix;
    this.rest = match?.rest ?? arrival.path;
    this.endpoint = match?.endpoint;
    this.protocol = match?.protocol;
    this.operation = match?.operation ?? "unknown";
    this.stream = match?.endpoint?.stream ?? false;
  }

  get signal(): AbortSignal {
    return this.canceller.signal;
  }

  get replayable(): boolean {
    return !this.bodySpent && !this.clientLeft;
  }

  inspect(): Promise<void> {
    return (this.#inspected ??= this.#inspect());
  }

  async #inspect(): Promise<void> {
    const { endpoint, protocol, gateway } = this;
    if (!endpoint || endpoint.modelless || !protocol?.readRequest) return;
    if (endpoint.form && !isJsonBody(this.request.headers.get("content-type"))) {
      // Under a prefix a form passes as it is, however large.
      if (this.prefix !== undefined) return;
      await this.#readForm();
    } else if (endpoint.json ?? endpoint.method === "POST") {
      const { maxBody, requestTimeout } = gateway.server;
      this.body ??= await runtime.readBody(this.request, maxBody, requestTimeout);
      this.json = parseBody(this.body);
    }
    this.facts = protocol.readRequest(this.json, endpoint, this.rest);
    this.askedModel = endpoint.modelInQuery ? readModelQuery(this.search) : this.facts.model;
    this.model = this.askedModel;
    this.stream = this.facts.stream || this.stream;
  }

  async #readForm(): Promise<void> {
    const { maxBody, requestTimeout } = this.gateway.server;
    this.body ??= await runtime.readBody(this.request, maxBody, requestTimeout);
    this.form = await readForm(this.body, this.request.headers.get("content-type"));
    this.json = formFields(this.form);
  }

  setBody(bytes: Uint8Array): void {
    this.body = bytes;
    this.bodyReplaced = true;
    this.neutral = undefined;
  }

  collectText(): void {
    this.collecting = true;
  }

  get answerText(): string {
    return this.along?.text() ?? "";
  }

  tap(listener: (chunk: Uint8Array) => void): void {
    (this.taps ??= []).push(listener);
  }

  estimateInput(): number {
    if (this.#inputEstimate >= 0) return this.#inputEstimate;
    let tokens = 0;
    for (const { text } of this.facts?.messages() ?? []) tokens += estimateTokens(text);
    return (this.#inputEstimate = tokens);
  }

  get notes(): Map<string, unknown> {
    return (this.#notes ??= new Map());
  }

  get finished(): Promise<Outcome> {
    if (this.outcome) return Promise.resolve(this.outcome);
    return (this.#finished ??= new Promise((resolve) => this.finishListeners.push(resolve)));
  }

  onFinish(listener: (outcome: Outcome) => void | Promise<void>): void {
    this.finishListeners.push(listener);
  }

  fork(target: Target): Call {
    return forkOf(this, target);
  }

  adopt(fork: Call): void {
    adopt(this, fork as CallState);
  }

  abandon(fork: Call, answering: Promise<Response>, reason: GatewayError): void {
    const settling = abandon(fork as CallState, answering, reason);
    this.onFinish(() => settling);
  }
}
