import { definePlugin, defineProvider, textsIn } from "../../core/index.ts";
import type { Provider } from "../../core/index.ts";

/** OpenAI, and whatever speaks its API: `baseURL` ends in the version (`…/v1`). Source: OpenAI API reference. */
export const openai: Provider = defineProvider({
  name: "openai",
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
});

export default definePlugin({ name: "providers/openai", setup: () => ({ provider: openai }) });
