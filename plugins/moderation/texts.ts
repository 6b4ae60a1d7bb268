import type { PromptMessage } from "../../core/index.ts";

/** Characters of one piece: well below what moderation models read at once. */
export const pieceLength = 10_000;
/** Characters that two neighbouring pieces share, so that no phrase is cut in two unseen. */
export const overlap = 200;

/**
 * The text to moderate. `last`: what the user said last, which may be several messages in a row;
 * `all`: every message. Where no message is the user's, all are taken: nothing goes by unseen.
 */
export function textToModerate(messages: readonly PromptMessage[], scope: "last" | "all"): string {
  // Without the empty ones: an empty turn in between would hide what stands before it.
  const spoken = messages.filter(({ text }) => text.trim() !== "");
  return (scope === "last" ? lastOfUser(spoken) : spoken).map(({ text }) => text).join("\n");
}

function lastOfUser(messages: readonly PromptMessage[]): readonly PromptMessage[] {
  const end = messages.findLastIndex(({ role }) => role === "user") + 1;
  if (end === 0) return messages;
  const before = messages.slice(0, end).findLastIndex(({ role }) => role !== "user");
  return messages.slice(before + 1, end);
}

/** A text in pieces of `pieceLength` that overlap. No character is cut in two. */
export function inPieces(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; ;) {
    const end = wholeCharacter(text, Math.min(from + pieceLength, text.length));
    pieces.push(text.slice(from, end));
    if (end >= text.length) return pieces;
    from = wholeCharacter(text, end - overlap);
  }
}

/** The place itself, or one before it where it would part a surrogate pair. */
function wholeCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
