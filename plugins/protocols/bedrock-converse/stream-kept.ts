import {
  badAnswer,
  bytesToBase64,
  isFields,
  parseFields,
  toDataURL,
  upstreamBytes,
} from "../../../core/index.ts";
import type { Fields, ImagePart } from "../../../core/index.ts";

/** The most that one kept block may hold, characters. */
const limit = 32 * 1024 * 1024;

/** A block that is given on only when it is whole: an image, or a tool that the service runs itself. */
export class KeptBlock {
  readonly #kind: string;
  readonly #start: Fields;
  #input = "";
  readonly #results: Fields[] = [];
  readonly #images: string[] = [];
  #size = 0;

  /** @param start The block's start, under its kind: `{ toolUse: … }`, `{ toolResult: … }` or `{ image: … }`. */
  constructor(start: Record<string, Fields>) {
    const [kind = "", value = {}] = Object.entries(start)[0] ?? [];
    this.#kind = kind;
    this.#start = value;
  }

  add({ toolUse, toolResult, image }: Fields): void {
    const piece = JSON.stringify(toolUse ?? toolResult ?? image ?? "");
    this.#size += piece.length;
    if (this.#size > limit) throw badAnswer("a block of its stream is too long");
    if (isFields(toolUse) && typeof toolUse["input"] === "string") this.#input += toolUse["input"];
    if (Array.isArray(toolResult)) for (const one of toolResult.filter(isFields)) this.#addResult(one);
    const source = isFields(image) ? image["source"] : undefined;
    if (isFields(source) && typeof source["bytes"] === "string") this.#images.push(source["bytes"]);
  }

  /** Pieces of text are one text. */
  #addResult(piece: Fields): void {
    const last = this.#results.at(-1);
    const { text } = piece;
    if (typeof text === "string" && typeof last?.["text"] === "string") last["text"] += text;
    else this.#results.push({ ...piece });
  }

  /** The image, where the block is one. */
  image(): ImagePart | undefined {
    if (this.#kind !== "image" || this.#images.length === 0) return undefined;
    const url = toDataURL(`image/${String(this.#start["format"])}`, joinBase64(this.#images));
    return { type: "image_url", image_url: { url } };
  }

  /** The block as a whole answer has it. */
  whole(): Fields {
    if (this.#kind === "toolUse") {
      return { toolUse: { ...this.#start, input: parseFields(this.#input) ?? {} } };
    }
    if (this.#kind === "toolResult") return { toolResult: { ...this.#start, content: this.#results } };
    return { [this.#kind]: this.#start };
  }
}

/** Pieces that were each coded for themselves, as one. */
function joinBase64(pieces: readonly string[]): string {
  if (pieces.length === 1 && pieces[0] !== undefined) return pieces[0];
  const parts = pieces.map(upstreamBytes);
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytesToBase64(bytes);
}
