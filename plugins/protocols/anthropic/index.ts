import { definePlugin, defineProtocol, isFields, replaceTopLevelString } from "../../../core/index.ts";
import { decodeAnswer, encodeAnswer } from "./answer.ts";
import { countTokens } from "./count-tokens.ts";
import { readError, renderError, renderStreamError } from "./errors.ts";
import { readRequest, textOf } from "./facts.ts";
import { protocolName } from "./fields.ts";
import { renderModel, renderModels } from "./model-list.ts";
import { factsOf } from "./models.ts";
import { EventReader, usageFrom } from "./read-along.ts";
import { rateLimits } from "./rate-limits.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { StreamReader } from "./stream-decode.ts";
import { StreamWriter } from "./stream-encode.ts";
import type { Endpoint } from "../../../core/index.ts";

/** OpenAI's clients ask for models at the same paths; only Anthropic's say which version of the API they mean. */
const header = "anthropic-version";

/** Paths of Anthropic's API. Source: Anthropic API reference. */
const endpoints: readonly Endpoint[] = [
  { method: "POST", path: "/v1/messages", operation: "chat" },
  { method: "POST", path: "/v1/messages/count_tokens", operation: "count-tokens" },
  { method: "GET", path: "/v1/models", operation: "models", header },
  { method: "GET", path: "/v1/models/{model}", operation: "models", header },
];

/** Anthropic's Messages. */
const protocol = defineProtocol({
  name: protocolName,
  endpoints,
  readRequest,
  renderError,
  renderStreamError,
  renderModels,
  renderModel,
  usageField: "usage",
  readUsage(answer) {
    return isFields(answer) ? usageFrom(answer["usage"]) : undefined;
  },
  readText(answer) {
    return isFields(answer) ? textOf(answer["content"]) : "";
  },
  readStream: ({ collect }) => new EventReader(collect),
  codecs: {
    chat: {
      decodeRequest,
      encodeRequest,
      decodeAnswer,
      encodeAnswer,
      decodeStream: (context) => new StreamReader(context),
      encodeStream: (context) => new StreamWriter(context),
    },
    "count-tokens": countTokens,
  },
  readError,
  renameAnswer(json, model) {
    const at = json.includes('"message_start"') ? json.indexOf('"message":') + '"message":'.length : 0;
    return json.slice(0, at) + replaceTopLevelString(json.slice(at), "model", model);
  },
  ownHeaders: ["anthropic-*", "x-claude-*"],
  takes: { prefill: (model) => factsOf(model).prefill },
  rateLimits,
});

export default definePlugin({ name: "protocols/anthropic", setup: () => ({ protocol }) });
