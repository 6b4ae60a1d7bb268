import { sseFrames } from "../../core/index.ts";
import type { Call } from "../../core/index.ts";

/**
 * Is this body, sent whole and with status 200, an answer worth serving again? Some services report errors
 * with status 200, and some streams end early without an error.
 */
export function isSound(call: Call, body: Uint8Array): boolean {
  const { answer } = call;
  if (!answer) return false;
  const isFramed = call.protocol?.frames !== undefined && answer.contentType !== "application/json";
  if (answer.streaming || isFramed) return !answer.encoding && streamEnded(call, body);
  // A coded body is the upstream's whole word all the same; it is not unpacked to be looked at.
  if (answer.encoding || !answer.contentType.endsWith("json")) return true;
  return !holdsError(new TextDecoder().decode(body));
}

/** Did the stream come to its protocol's own end, with no error on the way? */
function streamEnded({ protocol }: Call, body: Uint8Array): boolean {
  const reader = protocol?.readStream?.({ collect: false });
  if (!reader) return false;
  const frames = (protocol?.frames ?? sseFrames)();
  try {
    for (const { event, data } of [...frames.push(body), ...frames.end()]) {
      if (event === "error" || holdsError(data)) return false;
      reader.event(data);
    }
  } catch {
    return false;
  }
  return reader.ended();
}

/** True for a JSON object with an `error` in it. Anything that is no JSON holds none. */
function holdsError(text: string): boolean {
  // Most answers are told apart without being parsed.
  if (!text.includes('"error"')) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "error" in value && Boolean(value.error);
  } catch {
    return false;
  }
}
