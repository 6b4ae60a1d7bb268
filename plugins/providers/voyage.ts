import { definePlugin, defineProvider } from "../../core/index.ts";

/** Voyage's embeddings and rerankers; `baseURL` ends in the version. Source: docs.voyageai.com/reference. */
const provider = defineProvider({
  name: "voyage",
  baseURL: "https://api.voyageai.com/v1",
  protocols: { embeddings: "voyage", rerank: "voyage" },
  url({ path, target, search }) {
    return target.upstream.baseURL + path.replace(/^\/v1(?=\/)/, "") + search;
  },
  authenticate(headers, { key }) {
    headers.push("authorization", `Bearer ${key}`);
  },
});

export default definePlugin({ name: "providers/voyage", setup: () => ({ provider }) });
