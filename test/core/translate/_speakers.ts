import { definePlugin, defineProvider } from "../../../core/index.ts";

export const spoken = [
  "openai-chat",
  "openai-responses",
  "anthropic",
  "gemini",
  "bedrock-converse",
  "cohere",
  "ollama",
] as const;

export type Spoken = (typeof spoken)[number];

/** Services that speak one chat protocol and nothing else, so that every pair is translated. */
const provider = spoken.map((name) =>
  defineProvider({
    name: `speaks-${name}`,
    protocols: { chat: name },
    url: ({ target, path, search }) => target.upstream.baseURL + path + search,
    authenticate: (headers, { key }) => void headers.push("authorization", `Bearer ${key}`),
  }),
);

export default definePlugin({ name: "speakers", setup: () => ({ provider }) });
