import { anthropic } from "./anthropic.ts";
import { cohere } from "./cohere.ts";
import { gemini } from "./gemini.ts";
import { ollama } from "./ollama.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiResponses } from "./openai-responses.ts";

/** The rows of the matrix. */
export const clients = [openaiChat, openaiResponses, anthropic, gemini, cohere, ollama] as const;
