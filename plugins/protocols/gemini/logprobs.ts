import { isFields } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";
import type { LogprobsResult } from "./wire.ts";

interface Token {
  token: string;
  logprob: number;
  bytes: number[] | null;
}

/** OpenAI's `logprobs` of a candidate's `logprobsResult`. */
export function decodeLogprobs(
  given: unknown,
): { content: (Token & { top_logprobs: Token[] })[] } | undefined {
  if (!isFields(given)) return undefined;
  const { chosenCandidates, topCandidates } = given as LogprobsResult;
  if (!Array.isArray(chosenCandidates)) return undefined;
  const content = chosenCandidates.map((chosen, place) => ({
    ...tokenOf(chosen),
    top_logprobs: topCandidates?.[place]?.candidates?.map(tokenOf) ?? [],
  }));
  return { content };
}

const encoder = new TextEncoder();

function tokenOf({ token = "", logProbability = 0 }: { token?: string; logProbability?: number }): Token {
  return { token, logprob: logProbability, bytes: [...encoder.encode(token)] };
}

/** `logprobsResult` for OpenAI's `logprobs`; undefined where there are none. */
export function encodeLogprobs(given: unknown): Fields | undefined {
  const content = isFields(given) ? given["content"] : undefined;
  if (!Array.isArray(content)) return undefined;
  const tokens = content.filter(isFields);
  const result: LogprobsResult = {
    chosenCandidates: tokens.map(chosenOf),
    topCandidates: tokens.map(({ top_logprobs: top }) => ({
      candidates: Array.isArray(top) ? top.filter(isFields).map(chosenOf) : [],
    })),
  };
  return result;
}

function chosenOf({ token, logprob }: Fields): { token: string; logProbability: number } {
  return { token: String(token), logProbability: Number(logprob) };
}
