import { definePlugin, defineProvider } from "../../core/index.ts";

/** A service that lists its models at `/list`, in pages of one. */
const provider = defineProvider({
  name: "listing",
  protocols: { chat: "openai-chat" },
  url: ({ target, path }) => target.upstream.baseURL + path,
  authenticate: (headers, { key }) => void headers.push("x-list-key", key ?? ""),
  async listModels(_upstream, get) {
    const names: string[] = [];
    for (let page: unknown = "0"; typeof page === "string";) {
      const { ids, next } = await get("/list", `?page=${page}`);
      names.push(...(ids as string[]));
      page = next;
    }
    return names;
  },
});
export default definePlugin({ name: "listing", setup: () => ({ provider }) });
