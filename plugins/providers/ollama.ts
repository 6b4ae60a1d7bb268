import { definePlugin, defineProvider, isFields } from "../../core/index.ts";

/**
 * Ollama, on one's own machine without a key or at ollama.com with one. Beside its own API it has OpenAI's and
 * Anthropic's under `/v1`, so their clients' calls pass as they are. Source: docs.ollama.com, API, OpenAI and
 * Anthropic compatibility.
 */
const provider = defineProvider({
  name: "ollama",
  baseURL: "http://localhost:11434",
  protocols: {
    chat: ["ollama", "openai-chat", "openai-responses", "anthropic", "openai-completions"],
    completion: "openai-chat",
    embeddings: ["ollama", "openai-chat"],
    show: "ollama",
  },
  takes: { imageURLs: false, documents: false },
  url({ path, target, search }) {
    return target.upstream.baseURL.replace(/\/v1$/, "") + path + search;
  },
  authenticate(headers, { key }) {
    if (key) headers.push("authorization", `Bearer ${key}`);
  },
  async listModels(_upstream, get) {
    const { models } = await get("/api/tags");
    const listed = (Array.isArray(models) ? models.filter(isFields) : []).map(({ name }) => name);
    // A name without its tag means the latest.
    return listed
      .filter((name) => typeof name === "string")
      .flatMap((name) => (name.endsWith(":latest") ? [name, name.slice(0, -":latest".length)] : [name]));
  },
});

export default definePlugin({ name: "providers/ollama", setup: () => ({ provider }) });
