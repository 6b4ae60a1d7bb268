import { definePlugin, defineProvider } from "../../core/index.ts";

/** Jina's embeddings and rerankers; `baseURL` ends in the version. Source: jina.ai/embeddings, jina.ai/reranker. */
const provider = defineProvider({
  name: "jina",
  baseURL: "https://api.jina.ai/v1",
  protocols: { embeddings: "jina", rerank: "rerank" },
  url({ path, target, search }) {
    return target.upstream.baseURL + path.replace(/^\/v1(?=\/)/, "") + search;
  },
  authenticate(headers, { key }) {
    headers.push("authorization", `Bearer ${key}`);
  },
});

export default definePlugin({ name: "providers/jina", setup: () => ({ provider }) });
