import type { Endpoint } from "../../../core/index.ts";

/** What OpenAI keeps for an account, and where: all that is below such a path goes to the upstream that keeps it. */
const kept = {
  files: "/v1/files",
  uploads: "/v1/uploads",
  batches: "/v1/batches",
  "fine-tuning": "/v1/fine_tuning",
  "vector-stores": "/v1/vector_stores",
};

/** Their bodies pass unread: models that they name are the upstream's own. */
const ofAccount = { modelless: true, accountWide: true, json: false } as const;

const keptEndpoints = Object.entries(kept).flatMap(([operation, path]): Endpoint[] => [
  { method: "GET", path, operation, ...ofAccount },
  { method: "POST", path, operation, ...ofAccount },
  { method: "GET", path: `${path}/{rest}`, operation, ...ofAccount },
  { method: "POST", path: `${path}/{rest}`, operation, ...ofAccount },
  { method: "DELETE", path: `${path}/{rest}`, operation, ...ofAccount },
]);

/** Paths of OpenAI's API. Source: OpenAI API reference. */
export const endpoints: readonly Endpoint[] = [
  { method: "POST", path: "/v1/chat/completions", operation: "chat" },
  { method: "POST", path: "/v1/embeddings", operation: "embeddings" },
  { method: "POST", path: "/v1/moderations", operation: "moderation" },
  { method: "POST", path: "/v1/images/generations", operation: "image" },
  { method: "POST", path: "/v1/images/edits", operation: "image-edit", form: true },
  { method: "POST", path: "/v1/images/variations", operation: "image-variation", form: true },
  { method: "POST", path: "/v1/audio/speech", operation: "speech" },
  { method: "POST", path: "/v1/audio/transcriptions", operation: "transcription", form: true },
  { method: "POST", path: "/v1/audio/translations", operation: "translation", form: true },
  { method: "GET", path: "/v1/models", operation: "models" },
  { method: "GET", path: "/v1/models/{model}", operation: "models" },
  { method: "GET", path: "/v1/realtime", operation: "realtime", modelInQuery: true },
  // Whoever has a session's secret needs no key of the gateway any more.
  { method: "POST", path: "/v1/realtime/{rest}", operation: "realtime-sessions", ...ofAccount },
  ...keptEndpoints,
];
