import { isFields } from "../../../core/index.ts";
import { asOwn, cohere } from "./fields.ts";
import type { Annotation, Fields } from "../../../core/index.ts";
import type { CitationBody } from "./wire.ts";

/** Reads citations. Each keeps its own form beside what other protocols can show of it. */
export function decodeCitations(value: unknown): Annotation[] {
  const citations = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  return citations.filter(isFields).map(decodeCitation);
}

/** A citation of something with an address is a `url_citation`, as OpenAI has it; any other is of a type of its own. */
function decodeCitation(citation: Fields): Annotation {
  const { start, end, text, sources } = citation;
  const page = (Array.isArray(sources) ? sources.filter(isFields) : [])
    .map(({ document }) => document)
    .find((document): document is Fields => isFields(document) && typeof document["url"] === "string");
  const extensions = asOwn(citation);
  if (!page) return { type: "citation", start_index: start, end_index: end, text, ...extensions };
  const { url, title } = page;
  const url_citation = { start_index: start, end_index: end, url, title: title ?? url };
  return { type: "url_citation", url_citation, ...extensions };
}

/** Writes annotations: Cohere's own as they came, other vendors' links as citations of a document with an address. */
export function encodeCitations(annotations: readonly Annotation[], content: string): CitationBody[] {
  return annotations.flatMap((annotation): CitationBody[] => {
    const extensions = annotation["extensions"];
    const own = isFields(extensions) ? extensions[cohere] : undefined;
    if (isFields(own)) return [own as CitationBody];
    const link = annotation["url_citation"];
    if (!isFields(link) || typeof link["url"] !== "string") return [];
    const { url, title } = link;
    const start = Number(link["start_index"] ?? 0);
    const end = Number(link["end_index"] ?? 0);
    const document = { url, ...(typeof title === "string" && { title }) };
    const text = content.slice(start, end);
    return [{ start, end, text, sources: [{ type: "document", id: url, document }], type: "TEXT_CONTENT" }];
  });
}
