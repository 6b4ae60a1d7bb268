import { definePlugin, defineProvider, textsIn } from "../../core/index.ts";
import type { Provider, Upstream } from "../../core/index.ts";
import * as v from "valibot";
import { reasoningOverResponses } from "./_openai-reasoning.ts";

const options = v.strictObject({
  reasoningText: v.pipe(
    v.optional(v.boolean()),
    v.description(
      "What asks for a reasoning model's thoughts goes to Responses, which alone tell them. Default where `baseURL` is OpenAI's own.",
    ),
  ),
});

/** OpenAI, and whatever speaks its API: `baseURL` ends in the version (`…/v1`). Source: OpenAI API reference. */
const service: Provider = {
  name: "openai",
  options,
  baseURL: "https://api.openai.com/v1",
  protocols: {
    chat: ["openai-chat", "openai-responses", "openai-completions"],
    embeddings: "openai-chat",
    moderation: "openai-chat",
    image: "openai-chat",
    "image-edit": "openai-chat",
    "image-variation": "openai-chat",
    speech: "openai-chat",
    transcription: "openai-chat",
    translation: "openai-chat",
    models: "openai-chat",
    realtime: "openai-chat",
    "realtime-sessions": "openai-chat",
    files: "openai-chat",
    uploads: "openai-chat",
    batches: "openai-chat",
    "fine-tuning": "openai-chat",
    "vector-stores": "openai-chat",
    "stored-responses": "openai-responses",
    compact: "openai-responses",
  },
  url({ path, target, search }) {
    return target.upstream.baseURL + path.replace(/^\/v1(?=\/)/, "") + search;
  },
  authenticate(headers, { key }) {
    headers.push("authorization", `Bearer ${key}`);
  },
  listModels: async (_upstream, get) => textsIn((await get("/models"))["data"], "id"),
};

export default definePlugin({
  name: "providers/openai",
  setup: (_options, { clock }) => ({
    provider: defineProvider({ ...service, ...reasoningOverResponses(tellsReasoning, clock) }),
  }),
});

/** OpenAI's own hosts, of which some keep data in a region: others that speak its API may have no Responses. */
const ownHost = /^https:\/\/(?:[a-z]+\.)?api\.openai\.com(?:[:/]|$)/;

function tellsReasoning({ baseURL, options: given }: Upstream): boolean {
  return (given as v.InferOutput<typeof options>).reasoningText ?? ownHost.test(baseURL);
}
