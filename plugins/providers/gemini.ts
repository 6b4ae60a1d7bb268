import { definePlugin, defineProvider, isFields, textsIn } from "../../core/index.ts";
import type { Fields } from "../../core/index.ts";

/** The most models that a list is read to. */
const listLimit = 10_000;

/** Gemini's API; the key goes in a header, never in the URL. Source: Gemini API reference. */
const provider = defineProvider({
  name: "gemini",
  baseURL: "https://generativelanguage.googleapis.com",
  protocols: { chat: "gemini", embeddings: "gemini", "count-tokens": "gemini" },
  url({ path, target, search }) {
    return target.upstream.baseURL + path + search;
  },
  authenticate(headers, { key }) {
    headers.push("x-goog-api-key", key ?? "");
  },
  adapt(body, { call, target, translated }) {
    const isRenamed = target.model !== undefined && target.model !== call.askedModel;
    return isRenamed && !translated ? withModel(body, `models/${target.model}`) : undefined;
  },
  async listModels(_upstream, get) {
    const names: string[] = [];
    let after: unknown;
    do {
      const search = typeof after === "string" ? `&pageToken=${encodeURIComponent(after)}` : "";
      const page = await get("/v1beta/models", `?pageSize=1000${search}`);
      const models = Array.isArray(page["models"]) ? page["models"].filter(isFields) : [];
      const asked = models.filter(({ supportedGenerationMethods }) => isSpoken(supportedGenerationMethods));
      names.push(...textsIn(asked, "name").map((name) => name.replace(/^models\//, "")));
      after = page["nextPageToken"];
    } while (typeof after === "string" && after !== "" && names.length < listLimit);
    return names;
  },
});

/** A body with another model wherever it repeats the path's; undefined where it does not. */
function withModel(body: Fields, model: string): Fields | undefined {
  const { requests, generateContentRequest: counted } = body;
  const found = {
    ...("model" in body && { model }),
    ...(Array.isArray(requests) && {
      requests: requests.map((one) => (isFields(one) ? { ...one, model } : one)),
    }),
    ...(isFields(counted) && { generateContentRequest: { ...counted, model } }),
  };
  return Object.keys(found).length > 0 ? { ...body, ...found } : undefined;
}

/** What is only for video, live sessions or the like has other methods. */
function isSpoken(methods: unknown): boolean {
  return Array.isArray(methods) && methods.some((one) => one === "generateContent" || one === "embedContent");
}

export default definePlugin({ name: "providers/gemini", setup: () => ({ provider }) });
