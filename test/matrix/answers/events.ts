/** A text cut into pieces of a few characters, as streams have it. */
export function pieces(text: string): string[] {
  return text.match(/[^]{1,5}/gu) ?? [];
}

/** Server-sent events, each with its type as its name. */
export function sse(events: readonly { type: string }[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

export const eventStream = { "content-type": "text/event-stream" };
