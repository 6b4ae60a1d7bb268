import { definePlugin, defineProvider } from "../../core/index.ts";

/** Gemini's API; the key goes in a header, never in the URL. Source: Gemini API reference. */
const provider = defineProvider({
  name: "gemini",
  baseURL: "https://generativelanguage.googleapis.com",
  protocols: { chat: "gemini", embeddings: "gemini", "count-tokens": "gemini" },
  url({ call, target, search }) {
    const { askedModel } = call;
    const renamed = askedModel !== undefined && target.model !== undefined && target.model !== askedModel;
    const path = renamed
      ? call.rest.replace(`/models/${askedModel}:`, `/models/${target.model}:`)
      : call.rest;
    return target.upstream.baseURL + path + search;
  },
  authenticate(headers, { key }) {
    headers.push("x-goog-api-key", key ?? "");
  },
});

export default definePlugin({ name: "providers/gemini", setup: () => ({ provider }) });
