import type { Slip } from "../../config/foreign.ts";

/**
 * The slips of the hand by which an `api.yaml` stops being YAML, as a person sees them: the parser's own words are about
 * what comes of them, some lines further down.
 * @param topKeys The only keys that begin a line.
 */
export function slipsIn(text: string, topKeys: readonly string[]): Slip[] {
  return text.split("\n").flatMap((line, index) => {
    const at = (column: number, found: string, expected: string): Slip[] => [
      { line: index + 1, column: column + 1, found, expected },
    ];
    const [, top] = /^([\w-]+)[ \t]*:/.exec(line) ?? [];
    if (top !== undefined && !topKeys.includes(top)) {
      return at(
        0,
        `${JSON.stringify(top)} at the beginning of a line`,
        `it below its entry, indented as the keys before it, or one of ${topKeys.join(", ")}`,
      );
    }
    const dashless = /^([ \t]+)provider[ \t]*:/.exec(line)?.[1];
    if (dashless !== undefined && !isSecondKey(text, index)) {
      return at(
        dashless.length,
        '"provider" without a dash',
        "- provider: …, as each entry of the list begins",
      );
    }
    const curly = line.replace(/#.*/, "").search(/[‘’“”]/);
    return curly < 0 ? [] : at(curly, "a curly quote", "straight quotes: \" or '");
  });
}

/** An entry may have another key before `provider`: then the line before it belongs to the same entry. */
function isSecondKey(text: string, index: number): boolean {
  const lines = text.split("\n");
  const indent = /^[ \t]*/.exec(lines[index] ?? "")?.[0].length ?? 0;
  for (let i = index - 1; i >= 0; i--) {
    const line = lines[i] ?? "";
    if (line.trim() === "" || line.trim().startsWith("#")) continue;
    const [dashed = "", before = ""] = /^([ \t]*)(?:-[ \t]+)?/.exec(line) ?? [];
    if (dashed.length < indent || (dashed !== before && before.length <= indent)) {
      return dashed !== before && dashed.length === indent;
    }
  }
  return false;
}
