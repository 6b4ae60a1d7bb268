import { isFields } from "../../../core/index.ts";
import { ownOf, objectsIn, textIn, wire } from "./fields.ts";
import type { BetaCitationsWebSearchResultLocation } from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { Annotation, AssistantMessage, ContentPart, Fields } from "../../../core/index.ts";

/** Where the web was cited, OpenAI's clients look for `url_citation`; citations of documents are kept as they are. */
export function annotationFrom(citation: Fields, start: number, end: number): Annotation {
  if (citation["type"] !== "web_search_result_location") return citation as Annotation;
  const url_citation = {
    url: textIn(citation, "url"),
    title: textIn(citation, "title"),
    start_index: start,
    end_index: end,
  };
  return { type: "url_citation", url_citation };
}

/** The citations of a message's text parts; they count characters over all of its text. */
export function annotationsOf(parts: readonly ContentPart[]): Annotation[] {
  const annotations: Annotation[] = [];
  let start = 0;
  for (const part of parts) {
    if (part.type !== "text") continue;
    const end = start + part.text.length;
    for (const citation of objectsIn(ownOf(part)?.["citations"])) {
      annotations.push(annotationFrom(citation, start, end));
    }
    start = end;
  }
  return annotations;
}

/** An annotation as a citation; undefined for one that cannot be said. `text` is the message's. */
export function citationFrom(annotation: Annotation, text: string): Fields | undefined {
  const { type, url_citation: web } = annotation;
  if (type !== "url_citation") return "cited_text" in annotation ? annotation : undefined;
  const about = isFields(web) ? web : annotation;
  const { start_index: start, end_index: end } = about as Fields;
  const cited = typeof start === "number" && typeof end === "number" ? text.slice(start, end) : "";
  return wire<BetaCitationsWebSearchResultLocation>({
    type: "web_search_result_location",
    url: textIn(about as Fields, "url"),
    title: textIn(about as Fields, "title") || null,
    cited_text: cited,
    encrypted_index: "",
  });
}

/** Blocks of a message whose annotations stand beside its text: they go to its first text block. */
export function withCitations(blocks: Fields[], { annotations }: AssistantMessage): Fields[] {
  const at = blocks.findIndex(({ type }) => type === "text");
  const block = blocks[at];
  const cited = blocks.some(({ type, citations }) => type === "text" && citations !== undefined);
  if (!annotations?.length || !block || cited) return blocks;
  const text = textIn(block, "text");
  const citations = annotations.flatMap((annotation) => citationFrom(annotation, text) ?? []);
  return citations.length > 0 ? blocks.with(at, { ...block, citations }) : blocks;
}
