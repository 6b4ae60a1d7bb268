import assert from "node:assert/strict";
import type { Seen } from "./_mock.ts";
import { callerKey, upstreamKey } from "./_mock.ts";

const madeUp = /^(chatcmpl|msg|resp|rs|fc|call|toolu|file|req|modr)([-_]).+$/;
const times = new Set(["created", "created_at"]);

/** Plain data of an SDK's answer, without what the mock makes up anew for each call: ids and times. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => {
    if (times.has(key) && typeof part === "number") return 0;
    return typeof part === "string" ? part.replace(madeUp, "$1$2…") : part;
  });
}

/** All events of a stream. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** What each hop writes itself, and credentials. */
const ofTheHop = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "via",
  "x-request-id",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "authorization",
  "x-api-key",
  "x-goog-api-key",
]);

/** The boundary of a form is made up for each call. */
function endToEnd({ headers }: Seen): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !ofTheHop.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value.replace(/boundary=.*/, "boundary=…")]));
}

/** How the upstream's key comes to the service. */
export type Credential = Record<"authorization" | "x-api-key" | "x-goog-api-key", string | undefined>;

/** The upstream's key in one header, and nothing in the others. */
export function credential(name: keyof Credential): Credential {
  const nothing = { authorization: undefined, "x-api-key": undefined, "x-goog-api-key": undefined };
  return { ...nothing, [name]: name === "authorization" ? `Bearer ${upstreamKey}` : upstreamKey };
}

/**
 * Checks one request that passed the gateway.
 * @param sent What the client sent to the gateway.
 * @param seen What came to the mock.
 * @param direct What comes to the mock when the same client calls it directly.
 */
export function assertPassed(sent: Seen, seen: Seen, direct: Seen, expected: Credential): void {
  assert.equal(seen.method, sent.method);
  assert.equal(seen.url, direct.url);
  assert.ok(seen.body.equals(sent.body), "the body is the client's, byte for byte");
  assert.deepEqual(endToEnd(seen), endToEnd(direct));
  const { authorization, "x-api-key": xApiKey, "x-goog-api-key": googleKey } = seen.headers;
  assert.deepEqual({ authorization, "x-api-key": xApiKey, "x-goog-api-key": googleKey }, expected);
  assert.ok(!JSON.stringify([seen.url, seen.headers]).includes(callerKey), "the caller's key is not there");
}
