import { definePlugin, defineProvider, isFields } from "../../core/index.ts";

/** Cohere's API; `baseURL` is without the version. Source: docs.cohere.com/reference. */
const provider = defineProvider({
  name: "cohere",
  baseURL: "https://api.cohere.com",
  protocols: { chat: "cohere", embeddings: "cohere", rerank: "cohere" },
  url({ path, target, search }) {
    return target.upstream.baseURL + path + search;
  },
  authenticate(headers, { key }) {
    headers.push("authorization", `Bearer ${key}`);
  },
  async listModels(_upstream, get) {
    const names: string[] = [];
    let token: unknown;
    do {
      const search = typeof token === "string" ? `&page_token=${encodeURIComponent(token)}` : "";
      const page = await get("/v1/models", `?page_size=1000${search}`);
      const models = Array.isArray(page["models"]) ? page["models"].filter(isFields) : [];
      for (const { name } of models) if (typeof name === "string") names.push(name);
      token = page["next_page_token"];
    } while (typeof token === "string" && token !== "" && names.length < 10_000);
    return names;
  },
});

export default definePlugin({ name: "providers/cohere", setup: () => ({ provider }) });
