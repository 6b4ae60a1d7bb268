const opening = "<think>";
const closing = "</think>";

/** White space that is held back at most: a model may write nothing else for ever. */
const spaceLimit = 64;

/** Text of a model, parted. */
export interface Parted {
  reasoning: string;
  content: string;
}

/**
 * Parts `<think>…</think>` at the start of a model's text from what follows, piece by piece. Only the start counts: a
 * tag later on is text. One that is never closed is reasoning to the end, as the model was cut off while it thought.
 * White space around the reasoning belongs to neither side.
 */
export class ThinkSplitter {
  #state: "start" | "thinking" | "after" | "text" = "start";
  #held = "";
  /** Whether some reasoning was given out. */
  #thought = false;

  push(piece: string): Parted {
    if (this.#state === "text") return { reasoning: "", content: piece };
    const text = this.#held + piece;
    this.#held = "";
    if (this.#state === "start") return this.#start(text);
    return this.#state === "thinking" ? this.#think(text) : this.#after(text, "");
  }

  /** What was held back, now that no more comes. */
  end(): Parted {
    const held = this.#held;
    this.#held = "";
    if (this.#state === "start") return { reasoning: "", content: held };
    if (this.#state === "thinking") return { reasoning: this.#trimmed(held).trimEnd(), content: "" };
    return { reasoning: "", content: "" };
  }

  #start(text: string): Parted {
    const begun = text.trimStart();
    if (begun.startsWith(opening)) {
      this.#state = "thinking";
      return this.#think(begun.slice(opening.length));
    }
    if (opening.startsWith(begun) && text.length <= spaceLimit) {
      this.#held = text;
      return { reasoning: "", content: "" };
    }
    this.#state = "text";
    return { reasoning: "", content: text };
  }

  #think(text: string): Parted {
    const end = text.indexOf(closing);
    if (end >= 0) {
      this.#state = "after";
      return this.#after(text.slice(end + closing.length), this.#trimmed(text.slice(0, end)).trimEnd());
    }
    const cut = settledLength(text);
    this.#held = text.slice(cut);
    const reasoning = this.#trimmed(text.slice(0, cut));
    this.#thought ||= reasoning !== "";
    return { reasoning, content: "" };
  }

  #trimmed(reasoning: string): string {
    return this.#thought ? reasoning : reasoning.trimStart();
  }

  #after(text: string, reasoning: string): Parted {
    const content = text.trimStart();
    if (content) this.#state = "text";
    return { reasoning, content };
  }
}

/** How much of a text is surely before the closing tag, and before the white space in front of it. */
function settledLength(text: string): number {
  const tag = text.lastIndexOf("<");
  let cut = tag >= 0 && closing.startsWith(text.slice(tag)) ? tag : text.length;
  while (cut > 0 && text.length - cut < spaceLimit && text[cut - 1]?.trim() === "") cut--;
  return cut;
}

/** On a line of its own, as models write it whose template has opened the tag for them. */
const loneClosing = /(?:^|\n)[ \t]*<\/think>[ \t]*(?:\n|$)/;

/** The same for a whole text, where the opening tag may be missing too. */
export function splitThink(text: string): Parted {
  const splitter = new ThinkSplitter();
  const { reasoning, content } = splitter.push(text);
  const rest = splitter.end();
  const parted = { reasoning: reasoning + rest.reasoning, content: content + rest.content };
  const lone = parted.content === text ? loneClosing.exec(text) : null;
  if (!lone) return parted;
  const before = text.slice(0, lone.index);
  const isCode = before.split("```").length % 2 === 0;
  if (isCode || before.includes(opening)) return parted;
  return { reasoning: before.trim(), content: text.slice(lone.index + lone[0].length).trimStart() };
}
