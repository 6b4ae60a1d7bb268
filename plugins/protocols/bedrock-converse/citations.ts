import { isFields, partsOf } from "../../../core/index.ts";
import type { Annotation, AssistantMessage, Fields } from "../../../core/index.ts";
import { name, ownOf } from "./own.ts";
import type { WireBlock } from "./wire.ts";

/** A citation as an annotation: a page of the web as OpenAI has it, anything else as Bedrock does. */
export function annotationOf(citation: Fields, start: number, end: number): Annotation {
  const { location, title } = citation;
  const web = isFields(location) ? location["web"] : undefined;
  const url = isFields(web) ? web["url"] : undefined;
  if (typeof url !== "string") return { type: name, citation };
  return {
    type: "url_citation",
    url_citation: { url, title: typeof title === "string" ? title : url, start_index: start, end_index: end },
  };
}

/** A message with its cited sources among its annotations too. */
export function cited(message: AssistantMessage): AssistantMessage {
  const annotations: Annotation[] = [];
  let at = 0;
  for (const part of partsOf(message.content)) {
    if (part.type !== "text") continue;
    const { citationsContent } = ownOf(part) ?? {};
    const citations = isFields(citationsContent) ? citationsContent["citations"] : undefined;
    for (const citation of Array.isArray(citations) ? citations.filter(isFields) : []) {
      annotations.push(annotationOf(citation, at, at + part.text.length));
    }
    at += part.text.length;
  }
  return annotations.length === 0 ? message : { ...message, annotations };
}

/** Blocks whose text is given the pages that another protocol's answer cites; cited text of Bedrock's own stays as it is. */
export function citedBlocks(blocks: Fields[], { annotations = [] }: AssistantMessage): Fields[] {
  const pages = annotations.flatMap(({ type, url_citation: page }) =>
    type === "url_citation" && isFields(page) && typeof page["url"] === "string" ? [page] : [],
  );
  if (pages.length === 0 || blocks.some((block) => "citationsContent" in block)) return blocks;
  const at = blocks.findIndex((block) => typeof block["text"] === "string");
  if (at < 0) return blocks;
  const citations = pages.map((page) => ({
    ...(typeof page["title"] === "string" && { title: page["title"] }),
    location: { web: { url: String(page["url"]) } },
  }));
  const block: WireBlock = {
    citationsContent: { content: [{ text: String(blocks[at]?.["text"]) }], citations },
  };
  return blocks.with(at, block);
}
