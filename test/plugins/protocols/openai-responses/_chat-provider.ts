import { definePlugin, defineProvider } from "../../../../core/index.ts";

/** A service that speaks Chat Completions and nothing else. */
const provider = defineProvider({
  name: "chat-only",
  protocols: { chat: "openai-chat" },
  url: ({ target, path, search }) => target.upstream.baseURL + path + search,
  authenticate: (headers, { key }) => void headers.push("authorization", `Bearer ${key}`),
});
export default definePlugin({ name: "chat-only", setup: () => ({ provider }) });
