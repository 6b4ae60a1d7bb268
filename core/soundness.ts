import { badAnswer } from "./errors.ts";
import type { AnswerFacts } from "./call.ts";
import type { Endpoint } from "./protocol.ts";

/** Operations whose answers are JSON, or a stream of events. */
const jsonOperations: ReadonlySet<string> = new Set([
  "chat",
  "completion",
  "responses",
  "embeddings",
  "rerank",
  "moderation",
  "count-tokens",
]);

/** Of a page, not of an API: a login page, say, or what a proxy says of an error. */
const pageTypes: ReadonlySet<string> = new Set([
  "text/html",
  "application/xhtml+xml",
  "text/xml",
  "application/xml",
]);

/** Whether an endpoint's answers can be told from what is none. A body that is packed is not looked into. */
export function isJudged(endpoint: Endpoint | undefined, { status, encoding }: AnswerFacts): boolean {
  return endpoint !== undefined && status < 300 && encoding === "" && jsonOperations.has(endpoint.operation);
}

/** Throws a retryable 502 GatewayError for an answer that says it is a page. */
export function checkType({ contentType }: AnswerFacts): void {
  if (pageTypes.has(contentType)) throw badAnswer(`its type is ${contentType}`);
}

const space = new Set([0x20, 0x09, 0x0a, 0x0d]);
const pairs = new Map([
  [0x7b, 0x7d],
  [0x5b, 0x5d],
]);

/** Throws a retryable 502 GatewayError for a whole body that neither begins nor ends as JSON does. */
export function checkJson(bytes: Uint8Array): void {
  let from = 0;
  while (from < bytes.length && space.has(bytes[from] ?? 0)) from++;
  let to = bytes.length - 1;
  while (to > from && space.has(bytes[to] ?? 0)) to--;
  const closing = pairs.get(bytes[from] ?? 0);
  if (closing === undefined) throw badAnswer("it is not JSON");
  if (to === from || bytes[to] !== closing) throw badAnswer("its JSON breaks off");
}

/** Finds the end of the first event of a stream: an empty line. */
export class FirstEvent {
  /** Line ends in a row at the end of what came so far. */
  #ends = 0;
  #last = 0;

  /** True once an event is whole. */
  push(chunk: Uint8Array): boolean {
    for (const byte of chunk) {
      const isEnd = byte === 0x0a || byte === 0x0d;
      // A carriage return and its line feed are one end.
      if (isEnd && !(byte === 0x0a && this.#last === 0x0d)) this.#ends++;
      else if (!isEnd) this.#ends = 0;
      this.#last = byte;
      if (this.#ends === 2) return true;
    }
    return false;
  }
}
