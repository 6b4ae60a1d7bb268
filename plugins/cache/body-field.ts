/**
 * Takes one top-level member out of JSON text and leaves every other byte as it is: writing the object
 * again would change numbers and key order, and with them the upstream's prompt cache.
 * @param text Valid JSON whose top is an object.
 */
export function withoutMember(text: string, key: string): string {
  const open = text.indexOf("{");
  const members: string[] = [];
  let from = open + 1;
  let depth = 0;
  let at = open;
  for (; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = stringEnd(text, at);
    else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") {
      depth--;
      if (depth === 0) break;
    } else if (char === "," && depth === 1) {
      members.push(text.slice(from, at));
      from = at + 1;
    }
  }
  members.push(text.slice(from, at));
  const kept = members.filter((member) => keyOf(member) !== key);
  return text.slice(0, open + 1) + kept.join(",") + text.slice(at);
}

/** The place of a string's closing quote. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function keyOf(member: string): unknown {
  const start = member.indexOf('"');
  return start < 0 ? undefined : JSON.parse(member.slice(start, stringEnd(member, start) + 1));
}
