import type { AssistantMessage, ContentPart, Fields } from "../../../core/index.ts";
import { partsOf } from "../../../core/index.ts";
import { ours, ownOf } from "./own.ts";
import { isOurs, itemLength } from "./reasoning.ts";

/** Which pieces of an assistant's message one item takes, and what else it says. */
export type Entry =
  | { take: "reasoning"; count: number; rest?: Fields }
  | {
      take: "message";
      count: number;
      /** Its content is a string, where the whole message's is a list. */
      isText?: boolean;
      /** Its content is a list, where the whole message's is a string. */
      isList?: boolean;
      /** What its only part says beside its text, where the message's content is a string. */
      part?: Fields;
      rest?: Fields;
    }
  | { take: "item" }
  | { take: "call" };

/** Items that stand in what the model is given beside messages; each is a content part in the neutral shape. */
export const givenItems: ReadonlySet<unknown> = new Set([
  "additional_tools",
  "apply_patch_call_output",
  "compaction_trigger",
  "computer_call_output",
  "item_reference",
  "local_shell_call_output",
  "mcp_approval_response",
  "shell_call_output",
  "tool_search_output",
]);

/** Whether a part is an item of its own, not a part of a message. */
export function isItem(part: ContentPart): boolean {
  if (part.type !== "extension" || part.protocol !== ours) return false;
  const { type } = part.value;
  return typeof type !== "string" || !/^(?:input|output)_(?:text|image|file|audio)$/.test(type);
}

/** A message's content as parts, with a refusal that stands beside it as the last. */
export function contentParts({ content, refusal }: AssistantMessage): ContentPart[] {
  const parts = partsOf(content);
  if (!refusal || parts.some(({ type }) => type === "refusal")) return parts;
  return [...parts, { type: "refusal", refusal }];
}

/** The items of an assistant's message: as it came in this protocol, else the usual ones. */
export function layoutOf(message: AssistantMessage): Entry[] {
  const own = ownOf(message)?.["items"];
  return Array.isArray(own) && fits(own as Entry[], message) ? (own as Entry[]) : usualLayout(message);
}

function counts(message: AssistantMessage) {
  return {
    reasoning: message.reasoning_details?.length ?? 0,
    content: contentParts(message).length,
    tool_call: message.tool_calls?.length ?? 0,
  };
}

/** A plugin may have changed the message since. */
function fits(layout: readonly Entry[], message: AssistantMessage): boolean {
  const left = counts(message);
  for (const entry of layout) {
    if (entry.take === "reasoning") left.reasoning -= entry.count;
    else if (entry.take === "message") left.content -= entry.count;
    else if (entry.take === "item") left.content--;
    else left.tool_call--;
  }
  return left.reasoning === 0 && left.content === 0 && left.tool_call === 0;
}

/** Reasoning, what was said, calls; or the message's own order. Neighbours of a kind are one item where they can be. */
export function usualLayout(message: AssistantMessage): Entry[] {
  const details = message.reasoning_details ?? [];
  const parts = contentParts(message);
  const layout: Entry[] = [];
  let detailAt = 0;
  let partAt = 0;
  for (const [kind, count] of runsOf(message)) {
    if (kind === "tool_call") {
      for (let i = 0; i < count; i++) layout.push({ take: "call" });
    } else if (kind === "reasoning") {
      for (const end = detailAt + count; detailAt < end;) {
        const taken = itemLength(details.slice(detailAt, end));
        layout.push({ take: "reasoning", count: taken });
        detailAt += taken;
      }
    } else {
      layout.push(...messagesOf(parts.slice(partAt, partAt + count)));
      partAt += count;
    }
  }
  return layout;
}

function messagesOf(parts: readonly ContentPart[]): Entry[] {
  const layout: Entry[] = [];
  let open: Extract<Entry, { take: "message" }> | undefined;
  for (const part of parts) {
    if (isItem(part)) {
      layout.push({ take: "item" });
      open = undefined;
    } else if (open) {
      open.count++;
    } else {
      open = { take: "message", count: 1 };
      layout.push(open);
    }
  }
  return layout;
}

type Kind = "reasoning" | "content" | "tool_call";

/** The message's pieces in their order, neighbours of a kind together. What its `order` does not speak of comes last. */
function runsOf(message: AssistantMessage): [Kind, number][] {
  const left = counts(message);
  const runs: [Kind, number][] = [];
  for (const kind of message.order ?? []) {
    if (left[kind] === 0) continue;
    left[kind]--;
    const last = runs.at(-1);
    if (last?.[0] === kind) last[1]++;
    else runs.push([kind, 1]);
  }
  for (const kind of ["reasoning", "content", "tool_call"] as const) {
    const last = runs.at(-1);
    if (left[kind] === 0) continue;
    if (last?.[0] === kind) last[1] += left[kind];
    else runs.push([kind, left[kind]]);
  }
  return runs;
}

/** Whether all details of an item are of this protocol's vendor. */
export function isOwnReasoning(details: AssistantMessage["reasoning_details"]): boolean {
  return (details ?? []).every(isOurs);
}
