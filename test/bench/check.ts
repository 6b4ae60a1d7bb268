/** Checks, before a load, that a peer answers what the upstream sent: a wrong answer is not worth measuring. */
import { call } from "./call.ts";
import type { Answer, Target } from "./call.ts";
import { chatAnswer, chatRequest, pacedRequest, paceMs, sseData, sseRequest } from "./payloads.ts";

/** Throws, saying what differs, unless the small chat call is answered with the upstream's answer. */
export async function checkChat(target: Target): Promise<void> {
  const answer = await call(target, chatRequest);
  checkHead(answer, "application/json");
  if (!holds(parse(answer.body), JSON.parse(chatAnswer))) {
    throw new Error(`the answer is not what the upstream sent: ${excerpt(answer.body)}`);
  }
}

/** Throws unless a stream arrives whole, and arrives while the upstream is still sending it. */
export async function checkStream(target: Target): Promise<void> {
  const fast = await call(target, sseRequest);
  checkHead(fast, "text/event-stream");
  checkEvents(fast.body);
  const paced = await call(target, pacedRequest);
  checkHead(paced, "text/event-stream");
  checkEvents(paced.body);
  const expected = (sseData.length - 1) * paceMs;
  if (paced.spread < expected / 2) {
    throw new Error(
      `the stream was held back: all of it came within ${paced.spread.toFixed(0)} of ${expected} ms`,
    );
  }
}

function checkHead(answer: Answer, type: string): void {
  if (answer.status < 200 || answer.status > 299) {
    throw new Error(`status ${answer.status}: ${excerpt(answer.body)}`);
  }
  const found = answer.headers["content-type"] ?? "none";
  if (!found.startsWith(type)) throw new Error(`content type ${found}, expected ${type}`);
}

function checkEvents(body: string): void {
  const data = [...body.matchAll(/^data: ?(.*)$/gm)].map((match) => match[1]!.trim());
  if (data.length !== sseData.length) {
    throw new Error(`${data.length} events, expected ${sseData.length}: ${excerpt(body.slice(-200))}`);
  }
  for (const [index, sent] of sseData.entries()) {
    const got = data[index]!;
    const same = sent === "[DONE]" ? got === sent : holds(parse(got), JSON.parse(sent));
    if (!same) throw new Error(`event ${index + 1} is not what the upstream sent: ${excerpt(got)}`);
  }
}

/** Whether `found` has all that `sent` has; more fields may be there, since some gateways add their own. */
function holds(found: unknown, sent: unknown): boolean {
  if (typeof sent !== "object" || sent === null) return found === sent;
  if (typeof found !== "object" || found === null) return false;
  if (Array.isArray(sent) && (!Array.isArray(found) || found.length !== sent.length)) return false;
  return Object.entries(sent).every(([key, value]) => holds((found as Record<string, unknown>)[key], value));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`not JSON: ${excerpt(text)}`);
  }
}

function excerpt(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
