/** The neutral shapes of the operations beside chat: OpenAI's where it has one. */
import type { ChatUsage, Extensions } from "./chat.ts";

/** OpenAI's embeddings request. */
export interface EmbeddingsRequest {
  model: string;
  /** Texts, or texts as token numbers. */
  input: string | string[] | number[] | number[][];
  dimensions?: number;
  encoding_format?: "float" | "base64" | null;
  user?: string;
  /** Extension: what the vectors are for (`search_query`, `search_document`, `classification`, `clustering`, `similarity`). */
  input_type?: string;
  extensions?: Extensions;
}

/** OpenAI's embeddings answer. Vectors are numbers here, or base64 of little-endian float32 as the upstream gave them. */
export interface EmbeddingsAnswer {
  object: "list";
  model: string;
  data: { object: "embedding"; index: number; embedding: number[] | string }[];
  usage?: { prompt_tokens: number; total_tokens: number };
  extensions?: Extensions;
}

/** The request that Cohere's, Jina's and Voyage's rerankers have in common. */
export interface RerankRequest {
  model: string;
  query: string;
  documents: (string | Record<string, unknown>)[];
  top_n?: number;
  return_documents?: boolean;
  max_tokens_per_doc?: number;
  extensions?: Extensions;
}

export interface RerankAnswer {
  id?: string;
  model: string;
  /** Best first; `index` is the document's place in the request. */
  results: { index: number; relevance_score: number; document?: string | Record<string, unknown> }[];
  usage?: ChatUsage;
  extensions?: Extensions;
}

/** How many tokens a chat request has. */
export interface TokenCount {
  input_tokens: number;
  cached_tokens?: number;
  extensions?: Extensions;
}
