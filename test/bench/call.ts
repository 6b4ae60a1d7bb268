/** One call by hand: to wait for a server, and to check an answer before a load. */
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Child } from "./processes.ts";

/** Where a peer is called. */
export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** From the first to the last byte of the body, ms. */
  readonly spread: number;
}

/** How long one call and the start of a peer may take, ms. */
const callLimit = 10_000;
const startLimit = 30_000;

/** Posts a body on a connection of its own. Rejects when there is no whole answer within 10 s. */
export function call(target: Target, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...target.headers, "content-length": Buffer.byteLength(body) };
    const signal = AbortSignal.timeout(callLimit);
    const sent = request(target.url, { method: "POST", agent: false, headers, signal }, (response) => {
      let text = "";
      let first = 0;
      let last = 0;
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        last = performance.now();
        first ||= last;
        text += part;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          spread: last - first,
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/**
 * Calls until a process that was just started answers, whatever it answers.
 * Rejects when the process ends, or after 30 s.
 */
export async function firstAnswer(child: Child, target: Target, body: string): Promise<Answer> {
  const deadline = performance.now() + startLimit;
  for (;;) {
    if (child.ended()) {
      throw new Error(`it ended before it answered, with status ${await child.end}: ${child.output()}`);
    }
    try {
      return await call(target, body);
    } catch (error) {
      if (performance.now() > deadline) {
        const seconds = startLimit / 1000;
        throw new Error(`no answer within ${seconds} s: ${child.output()}`, { cause: error });
      }
      await delay(5);
    }
  }
}
