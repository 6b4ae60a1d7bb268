/** What the clients send and the upstream answers: one small chat call and one stream of chunks. */

/** The number of chunks in one stream, `[DONE]` not counted. */
export const chunksPerStream = 100;

const messages = [{ role: "user", content: "Say in one short sentence what a sluice is." }];

/** The small chat request, about 110 bytes. */
export const chatRequest = JSON.stringify({ model: "gpt-4o", max_tokens: 64, messages });

/** The request for a stream, sent as fast as the upstream can. */
export const sseRequest = JSON.stringify({ model: "gpt-4o", stream: true, messages });

/** What tells the upstream to leave `paceMs` between two chunks; used to see that a peer really streams. */
export const pacedMark = '"user":"paced"';
export const paceMs = 2;
export const pacedRequest = JSON.stringify({ model: "gpt-4o", stream: true, user: "paced", messages });

/** The small chat answer, about 330 bytes. It has no quote or dollar sign, so it can stand in an nginx configuration. */
export const chatAnswer = JSON.stringify({
  id: "chatcmpl-bench0000000000000000",
  object: "chat.completion",
  created: 1700000000,
  model: "gpt-4o",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "A sluice is a gate that lets water through as you choose." },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 17, completion_tokens: 14, total_tokens: 31 },
});

/** The `data:` values of one stream: the chunks, then `[DONE]`. */
export const sseData: readonly string[] = [...Array.from({ length: chunksPerStream }, chunk), "[DONE]"];

/** The same as bytes on the wire, one event each. */
export const sseEvents: readonly string[] = sseData.map((data) => `data: ${data}\n\n`);

function chunk(_: unknown, index: number): string {
  const last = index === chunksPerStream - 1;
  const delta = index === 0 ? { role: "assistant", content: "" } : last ? {} : { content: ` word${index}` };
  return JSON.stringify({
    id: "chatcmpl-bench0000000000000000",
    object: "chat.completion.chunk",
    created: 1700000000,
    model: "gpt-4o",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: last ? "stop" : null }],
  });
}
