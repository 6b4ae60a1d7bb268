import { badRequest, definePlugin, defineProtocol, isFields } from "../../../core/index.ts";
import type { RequestFacts } from "../../../core/index.ts";
import { embeddings } from "./embeddings.ts";

/** Vertex AI's `predict`, as its text embedding models have it. Source: Vertex AI API reference, text embeddings. */
export const protocol = defineProtocol({
  name: "vertex-predict",
  endpoints: [
    { method: "POST", path: "/v1/publishers/google/models/{model}:predict", operation: "embeddings" },
  ],
  readRequest(body, _endpoint, path): RequestFacts {
    if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
    const model = /\/models\/([^:]+):/.exec(path)?.[1];
    const instances = Array.isArray(body["instances"]) ? body["instances"].filter(isFields) : [];
    return {
      ...(model !== undefined && { model }),
      stream: false,
      messages: () => instances.map(({ content }) => ({ role: "user", text: String(content ?? "") })),
    };
  },
  renderError({ status, message }) {
    const name = status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
    return JSON.stringify({ error: { code: status, message, status: name } });
  },
  readError({ error }) {
    if (!isFields(error)) return undefined;
    const { message, status } = error;
    return {
      message: typeof message === "string" ? message : "The upstream failed.",
      ...(typeof status === "string" && { code: status.toLowerCase() }),
    };
  },
  ownHeaders: ["x-goog-*"],
  codecs: { embeddings },
});

export default definePlugin({ name: "protocols/vertex-predict", setup: () => ({ protocol }) });
