import type { ChatEntry } from "./entry.ts";

// eslint-disable-next-line no-control-regex -- all but tab and line feed would steer the terminal
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** A conversation for the eyes, several lines. */
export function printable({ time, model, key, messages, answer, partial }: ChatEntry): string {
  const head = ["──", time, model, key && `key=${key}`].filter(Boolean).join(" ");
  const turns = messages
    .flatMap((message) => Object.entries(message))
    .map(([role, text]) => `${role}: ${text}`);
  const last = `assistant: ${answer}${partial ? " [cut off]" : ""}`;
  return [head, ...turns, last].join("\n").replace(control, "");
}
