import { definePlugin, defineProtocol, isFields } from "../../../core/index.ts";
import type { Endpoint, Protocol } from "../../../core/index.ts";
import { errorObject, readError } from "./errors.ts";
import { readRequest, readText } from "./facts.ts";
import { keepingCodecs } from "./keep/codec.ts";
import { keepOptions } from "./keep/options.ts";
import { KeptRoutes } from "./keep/routes.ts";
import { openResponses } from "./keep/store.ts";
import type { ResponseStore } from "./keep/store.ts";
import { ours } from "./own.ts";
import { EventReader, renameAnswer } from "./read-along.ts";
import { readUsage } from "./usage.ts";

/** What an upstream keeps of a response, or the gateway in its place. */
const ofOne = { operation: "stored-responses", modelless: true } as const;

/** Paths of the Responses API. Source: the official SDK's resources. The longer ones first: `{id}` may hold anything. */
const endpoints: readonly Endpoint[] = [
  { method: "POST", path: "/v1/responses", operation: "chat" },
  { method: "POST", path: "/v1/responses/input_tokens", operation: "count-tokens" },
  { method: "POST", path: "/v1/responses/compact", operation: "compact" },
  { method: "GET", path: "/v1/responses/{id}/input_items", ...ofOne },
  { method: "POST", path: "/v1/responses/{id}/cancel", ...ofOne, json: false },
  { method: "GET", path: "/v1/responses/{id}", ...ofOne },
  { method: "DELETE", path: "/v1/responses/{id}", ...ofOne },
];

/** OpenAI's Responses. */
function protocolOver(store: ResponseStore): Protocol {
  return defineProtocol({
    name: ours,
    endpoints,
    readRequest,
    renderError: (error) => JSON.stringify({ error: errorObject(error) }),
    renderStreamError(error) {
      const { code, message, param = null } = error;
      // How many events went before is not known where bytes only pass.
      const event = { type: "error", code, message, param, sequence_number: 0, error: errorObject(error) };
      return `event: error\ndata: ${JSON.stringify(event)}\n\n`;
    },
    usageField: "usage",
    readUsage: (answer) => (isFields(answer) ? readUsage(answer["usage"]) : undefined),
    readText,
    readStream: ({ collect }) => new EventReader(collect),
    readError,
    renameAnswer,
    codecs: keepingCodecs(store),
    ownHeaders: [
      "openai-*",
      "x-openai-*",
      "x-codex-*",
      "chatgpt-*",
      "originator",
      "session-id",
      "session_id",
      "thread-id",
      "conversation_id",
      "x-client-request-id",
    ],
  });
}

export default definePlugin({
  name: "protocols/openai-responses",
  options: keepOptions,
  setup(options, gateway) {
    const store = openResponses(gateway, options);
    const protocol = protocolOver(store);
    const kept = new KeptRoutes(gateway, store);
    return {
      protocol,
      stage: "route",
      middleware(call, next) {
        if (call.protocol !== protocol || call.prefix !== undefined) return next();
        if (call.endpoint?.modelless) return kept.about(call, next);
        return call.operation === "chat" ? kept.goOn(call, next) : next();
      },
    };
  },
});
