/** What an echo takes from a chat request; everything else is left alone. */
export interface EchoRequest {
  model: string;
  /** What is said back. */
  text: string;
  stream: boolean;
  /** The stream ends with a chunk of usage. */
  withUsage: boolean;
}

const encoder = new TextEncoder();

/** The whole answer as one JSON body. */
export function wholeAnswer({ model, text }: EchoRequest): Response {
  const message = { role: "assistant", content: text };
  return Response.json({
    ...head(model, "chat.completion"),
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage: usageOf(text),
  });
}

/** The answer as server-sent events, a word each. The next one is made when the client asks for it. */
export function streamedAnswer(request: EchoRequest): Response {
  const events = eventsOf(request);
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = events.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`data: ${value}\n\n`));
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function* eventsOf({ model, text, withUsage }: EchoRequest): Generator<string, undefined> {
  const shared = head(model, "chat.completion.chunk");
  const chunk = (delta: object, finish: string | null) =>
    JSON.stringify({ ...shared, choices: [{ index: 0, delta, finish_reason: finish }] });
  yield chunk({ role: "assistant", content: "" }, null);
  for (const word of wordsOf(text)) yield chunk({ content: word }, null);
  yield chunk({}, "stop");
  if (withUsage) yield JSON.stringify({ ...shared, choices: [], usage: usageOf(text) });
  yield "[DONE]";
  return undefined;
}

function head(model: string, object: string) {
  return { id: `chatcmpl-${crypto.randomUUID()}`, object, created: Math.floor(Date.now() / 1000), model };
}

/** A word is a token here, and what was said is what was asked. */
function usageOf(text: string) {
  const words = wordsOf(text).length;
  return { prompt_tokens: words, completion_tokens: words, total_tokens: 2 * words };
}

/** Words with the space behind them, so that joined they give the text. */
export function wordsOf(text: string): string[] {
  return text.match(/\s*\S+\s*?(?=\s|$)|\s+$/g) ?? [];
}
