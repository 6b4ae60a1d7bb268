import { definePlugin, defineProvider } from "../../../../core/index.ts";

/** A service that speaks Responses and nothing else, and keeps what it is asked to keep. */
const ours = "openai-responses";
const provider = defineProvider({
  name: "responses-only",
  protocols: { chat: ours, "count-tokens": ours, "stored-responses": ours, compact: ours },
  url: ({ target, path, search }) => target.upstream.baseURL + path + search,
  authenticate: (headers, { key }) => void headers.push("authorization", `Bearer ${key}`),
});
export default definePlugin({ name: "responses-only", setup: () => ({ provider }) });
