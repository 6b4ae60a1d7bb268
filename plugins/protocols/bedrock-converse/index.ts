import { definePlugin, defineProtocol } from "../../../core/index.ts";
import type { Codecs, Endpoint, Upstream } from "../../../core/index.ts";
import { decodeAnswer, encodeAnswer } from "./answer.ts";
import { exceptionName, readError } from "./errors.ts";
import { EventReader, readRequest, readText, readUsage } from "./facts.ts";
import { eventStreamFrames, loadEventStream } from "./frames.ts";
import { name } from "./own.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { ConverseDecoder } from "./stream-decode.ts";
import { ConverseEncoder } from "./stream-encode.ts";

/** Paths of Bedrock's runtime. A body of a model's own (`invoke`) only passes. Source: Amazon Bedrock API reference. */
const endpoints: readonly Endpoint[] = [
  { method: "POST", path: "/model/{model}/converse", operation: "chat" },
  { method: "POST", path: "/model/{model}/converse-stream", operation: "chat", stream: true },
  { method: "POST", path: "/model/{model}/invoke", operation: "invoke" },
  { method: "POST", path: "/model/{model}/invoke-with-response-stream", operation: "invoke", stream: true },
];

const codecs: Codecs = {
  chat: {
    async decodeRequest(body, context) {
      if (context.stream) await loadEventStream();
      return decodeRequest(body, context);
    },
    encodeRequest,
    decodeAnswer,
    encodeAnswer,
    decodeStream: (context) => new ConverseDecoder(context),
    encodeStream: (context) => new ConverseEncoder(context),
  },
};

/** Amazon Bedrock's Converse and ConverseStream. */
const protocol = defineProtocol({
  name,
  endpoints,
  readRequest,
  // Clients take the exception from `__type`, as they know no header of ours.
  renderError: ({ status, message }) => JSON.stringify({ __type: exceptionName(status), message }),
  usageField: "usage",
  readUsage,
  readText,
  readStream: ({ collect }) => new EventReader(collect),
  codecs,
  frames: eventStreamFrames,
  readError,
  ownHeaders: ["x-amz-*", "x-amzn-*", "amz-sdk-*"],
  takes: { imageURLs: false },
});

export default definePlugin({
  name: "protocols/bedrock-converse",
  setup: (_options, gateway) => ({
    protocol,
    ready: () => (gateway.upstreams.some(speaks) ? loadEventStream() : undefined),
  }),
});

function speaks({ provider }: Upstream): boolean {
  return Object.values(provider.protocols).flat().includes(name);
}
