import * as v from "valibot";
import { definePlugin, discard, GatewayError } from "../../core/index.ts";
import type { Next } from "../../core/index.ts";
import { readStart, withStart } from "./start.ts";

const options = v.strictObject({
  texts: v.pipe(
    v.array(v.pipe(v.string(), v.nonEmpty())),
    v.description("Texts by which an answer counts as failed; upper and lower case are told apart."),
  ),
});

const decoder = new TextDecoder();

/**
 * Takes an answer for a failure when certain texts stand in it, for services that report their errors as answers: of a
 * stream its first piece is looked at, of any other answer its beginning.
 */
export default definePlugin({
  name: "error-triggers",
  options,
  setup: ({ texts }) => ({
    stage: "attempt",
    middleware: (call, next) => (texts.length > 0 ? look(next, texts, call.stream) : next()),
  }),
});

async function look(next: Next, texts: readonly string[], stream: boolean): Promise<Response> {
  const response = await next();
  if (response.status >= 400 || !response.body) return response;
  const start = await readStart(response.body, stream);
  const text =
    start.chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
  if (!texts.some((one) => text.includes(one))) return withStart(response, start);
  await start.reader.cancel().catch(() => {});
  discard(response);
  throw new GatewayError("The upstream answered with an error.", {
    status: 502,
    code: "upstream_error_text",
    retryable: true,
  });
}
