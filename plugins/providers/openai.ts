import { definePlugin, defineProvider } from "../../core/index.ts";
import type { Provider } from "../../core/index.ts";

/** OpenAI, and whatever speaks its API: `baseURL` ends in the version (`…/v1`). Source: OpenAI API reference. */
export const openai: Provider = defineProvider({
  name: "openai",
  baseURL: "https://api.openai.com/v1",
  protocols: {
    chat: "openai-chat",
    completion: "openai-chat",
    embeddings: "openai-chat",
    moderation: "openai-chat",
    image: "openai-chat",
    speech: "openai-chat",
    models: "openai-chat",
    realtime: "openai-chat",
  },
  url({ call, target, search }) {
    return target.upstream.baseURL + call.rest.replace(/^\/v1(?=\/)/, "") + search;
  },
  authenticate(headers, { key }) {
    headers.push("authorization", `Bearer ${key}`);
  },
});

export default definePlugin({ name: "providers/openai", setup: () => ({ provider: openai }) });
