import { answerAsOllama } from "../answers/ollama.ts";
import type { Upstream } from "../cell.ts";

/**
 * aimock tells no counts on Ollama's own path, names reasoning otherwise and has OpenAI's errors: those answers are
 * ours, as Ollama documents them. OpenAI's and Anthropic's clients are answered on their own paths.
 */
export const ollama: Upstream = {
  name: "ollama",
  model: "qwen3-vl:8b",
  config: (mockURL, key) => ({ provider: "ollama", baseURL: mockURL, key }),
  answer: (asked) => (asked.seen.url === "/api/chat" ? answerAsOllama(asked) : undefined),
};
