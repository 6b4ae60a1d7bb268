import type { Seen, Sent } from "../cell.ts";
import { readMessages } from "./anthropic.ts";
import { readConverse } from "./bedrock-converse.ts";
import { readCohere } from "./cohere.ts";
import { readGenerate } from "./gemini.ts";
import { readOllama } from "./ollama.ts";
import { readChat } from "./openai-chat.ts";
import { readResponses } from "./openai-responses.ts";

/** Which reader a path is for. */
const readers: readonly (readonly [RegExp, (seen: Seen) => Sent])[] = [
  [/\/chat\/completions(\?|$)/, readChat],
  [/\/responses(\?|$)/, readResponses],
  [/\/v1\/messages(\?|$)/, readMessages],
  [/:generateContent|:streamGenerateContent\?alt=sse/, readGenerate],
  [/:(streamR|r)awPredict$/, readMessages],
  [/\/converse(-stream)?$/, readConverse],
  [/\/v2\/chat$/, readCohere],
  [/\/api\/chat$/, readOllama],
];

/** Reads what an upstream was asked, in whichever of its protocols; throws for a path of none. */
export function readSent(seen: Seen): Sent {
  const reader = readers.find(([path]) => path.test(seen.url))?.[1];
  if (!reader) throw new Error(`No protocol has the path ${seen.url}.`);
  return reader(seen);
}
