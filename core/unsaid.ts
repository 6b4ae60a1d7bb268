import type { ChatRequest } from "./chat.ts";

/** How a protocol writes each member of a neutral request, in words; `dropped` where it has none for it. */
export type WrittenMembers = Readonly<Record<keyof ChatRequest, string>>;

/**
 * Notes the members of a request that a protocol cannot say: those that its table calls `dropped`, and a vendor's own,
 * which stand in no table. A member that is null or undefined, or that `asksNothing`, is no loss.
 */
export function dropUnsaid(
  request: ChatRequest,
  members: WrittenMembers,
  asksNothing: (name: string, value: unknown) => boolean,
  drop: (name: string) => void,
): void {
  for (const [name, value] of Object.entries(request)) {
    const isSaid = Object.hasOwn(members, name) && members[name as keyof ChatRequest] !== "dropped";
    if (isSaid || value === undefined || value === null || asksNothing(name, value)) continue;
    drop(name);
  }
}
