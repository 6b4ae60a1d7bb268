import type { CompletionChoice } from "openai/resources/completions";
import type { ChatCompletionTokenLogprob } from "openai/resources/chat/completions";
import { isFields } from "../../../core/index.ts";

type Logprobs = CompletionChoice.Logprobs;

/** A completion's probabilities, token by token. */
export interface TokenLists {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
  text_offset: number[];
}

/** The tokens' probabilities of a completion as a chat tells them. */
export function readLogprobs(logprobs: unknown): { content: unknown[] } | undefined {
  if (!isFields(logprobs)) return undefined;
  const { tokens = [], token_logprobs = [], top_logprobs = [] } = logprobs as Logprobs;
  const content: ChatCompletionTokenLogprob[] = tokens.map((token, place) => ({
    token,
    bytes: null,
    // The first token of an echoed prompt has none.
    logprob: token_logprobs[place] ?? 0,
    top_logprobs: Object.entries(top_logprobs?.[place] ?? {}).map(([other, logprob]) => ({
      token: other,
      bytes: null,
      logprob,
    })),
  }));
  return { content };
}

/** The other way round. `offset` is where the tokens begin in the text. */
export function writeLogprobs(logprobs: unknown, offset = 0): TokenLists | null {
  const content = isFields(logprobs) ? logprobs["content"] : undefined;
  if (!Array.isArray(content)) return null;
  const written: TokenLists = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
  let at = offset;
  for (const { token, logprob, top_logprobs } of content as ChatCompletionTokenLogprob[]) {
    written.tokens.push(token);
    written.token_logprobs.push(logprob);
    written.top_logprobs.push(
      Object.fromEntries((top_logprobs ?? []).map((one) => [one.token, one.logprob])),
    );
    written.text_offset.push(at);
    at += token.length;
  }
  return written;
}
