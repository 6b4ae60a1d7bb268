import { definePlugin, defineProtocol, replaceTopLevelString } from "../../../core/index.ts";
import { decodeAnswer, encodeAnswer } from "./answer.ts";
import { readError, renderError } from "./errors.ts";
import { CompletionReader, readRequest, readText, readUsage } from "./read-along.ts";
import { decodeRequest, encodeRequest, protocolName } from "./request.ts";
import { CompletionDecoder, CompletionEncoder } from "./stream.ts";

/** OpenAI's legacy completions: a text goes in, its continuation comes out. Source: OpenAI API reference, completions. */
const protocol = defineProtocol({
  name: protocolName,
  endpoints: [{ method: "POST", path: "/v1/completions", operation: "chat" }],
  codecs: {
    chat: {
      decodeRequest,
      encodeRequest,
      decodeAnswer,
      encodeAnswer,
      decodeStream: (context) => new CompletionDecoder(context),
      encodeStream: (context) => new CompletionEncoder(context),
    },
  },
  ownHeaders: ["openai-*"],
  readRequest,
  renderError,
  readError,
  renderStreamError: (error) => `data: ${renderError(error)}\n\n`,
  usageField: "usage",
  readUsage,
  readText,
  readStream: ({ collect }) => new CompletionReader(collect),
  renameAnswer: (json, model) => replaceTopLevelString(json, "model", model),
});

export default definePlugin({ name: "protocols/openai-completions", setup: () => ({ protocol }) });
