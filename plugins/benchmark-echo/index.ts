import { definePlugin, defineProvider, GatewayError } from "../../core/index.ts";
import type { Call } from "../../core/index.ts";
import type { EchoRequest } from "./answer.ts";
import { streamedAnswer, wholeAnswer } from "./answer.ts";

/** What is said when the request has nothing to repeat. */
const silence = "There was nothing to echo.";

/**
 * A provider that is its own upstream: it says back what the user said last, without a network. Under a
 * prefix such as `/benchmark` it shows what the gateway itself costs, with its limits and logs in place.
 */
const echo = defineProvider({
  name: "benchmark-echo",
  baseURL: "http://benchmark-echo.invalid",
  protocols: { chat: "openai-chat" },
  url: ({ target }) => `${target.upstream.baseURL}/v1/chat/completions`,
  authenticate() {},
  async answer(_request, { call }) {
    if (call.operation !== "chat") {
      throw new GatewayError("The echo answers chats only.", { status: 404, code: "not_found" });
    }
    const request = echoRequest(call);
    return request.stream ? streamedAnswer(request) : wholeAnswer(request);
  },
});

/** Adds the provider `benchmark-echo`. */
export default definePlugin({ name: "benchmark-echo", setup: () => ({ provider: echo }) });

function echoRequest(call: Call): EchoRequest {
  const said = call.facts?.messages().findLast(({ role }) => role === "user");
  const options = (call.json as { stream_options?: { include_usage?: unknown } } | undefined)?.stream_options;
  return {
    model: call.model ?? "echo",
    text: said?.text.trim() || silence,
    stream: call.stream,
    withUsage: options?.include_usage === true,
  };
}
