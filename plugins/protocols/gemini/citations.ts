import { isFields } from "../../../core/index.ts";
import type { Annotation, Fields } from "../../../core/index.ts";
import type { Candidate, GroundingMetadata } from "./wire.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How a candidate's places in its text become places in the whole: here they are bytes of a part, there characters of it all. */
export type Places = (bytes: number, part: number) => number;

/** Places in the texts of a candidate's parts; a part that is no text counts as an empty one. */
export function placesIn(texts: readonly string[]): Places {
  return (bytes, part) => {
    const before = texts.slice(0, part).reduce((sum, text) => sum + text.length, 0);
    const text = texts[part] ?? "";
    return before + decoder.decode(encoder.encode(text).subarray(0, bytes)).length;
  };
}

/** The citations of a candidate: of what grounds it, and of what it quotes. */
export function decodeCitations(candidate: Fields, places: Places): Annotation[] {
  const { groundingMetadata, citationMetadata } = candidate as Pick<
    Candidate,
    "groundingMetadata" | "citationMetadata"
  >;
  const quoted = citationMetadata?.citations ?? [];
  return [
    ...(isFields(groundingMetadata) ? groundedIn(groundingMetadata, places) : []),
    ...quoted.flatMap(({ uri, title, startIndex = 0, endIndex = 0 }) =>
      uri ? [citation(uri, title, places(startIndex, 0), places(endIndex, 0))] : [],
    ),
  ];
}

function groundedIn({ groundingChunks, groundingSupports }: GroundingMetadata, places: Places): Annotation[] {
  const sources = (groundingChunks ?? []).map(({ web, maps, retrievedContext, image }) => {
    const source = web ?? maps ?? retrievedContext;
    return { uri: source?.uri ?? image?.sourceUri, title: source?.title ?? image?.title };
  });
  const supports = groundingSupports ?? [];
  if (supports.length === 0) {
    return sources.flatMap(({ uri, title }) => (uri ? [citation(uri, title, 0, 0)] : []));
  }
  return supports.flatMap(({ segment, groundingChunkIndices }) => {
    const part = segment?.partIndex ?? 0;
    const start = places(segment?.startIndex ?? 0, part);
    const end = places(segment?.endIndex ?? 0, part);
    return (groundingChunkIndices ?? []).flatMap((index) => {
      const source = sources[index];
      return source?.uri ? [citation(source.uri, source.title, start, end)] : [];
    });
  });
}

function citation(url: string, title: string | undefined, start: number, end: number): Annotation {
  const url_citation = { start_index: start, end_index: end, url, title: title ?? "" };
  return { type: "url_citation", url_citation };
}

/** `groundingMetadata` for citations of a text; undefined where none is of a URL. */
export function encodeCitations(annotations: readonly Annotation[], text: string): Fields | undefined {
  const chunks = new Map<string, { index: number; title: string }>();
  const supports: NonNullable<GroundingMetadata["groundingSupports"]> = [];
  for (const { type, url_citation: cited } of annotations) {
    if (type !== "url_citation" || !isFields(cited) || typeof cited["url"] !== "string") continue;
    const chunk = chunks.get(cited["url"]) ?? { index: chunks.size, title: String(cited["title"] ?? "") };
    chunks.set(cited["url"], chunk);
    const [start, end] = [Number(cited["start_index"] ?? 0), Number(cited["end_index"] ?? 0)];
    if (!(end > start)) continue;
    const startIndex = encoder.encode(text.slice(0, start)).length;
    const said = text.slice(start, end);
    const endIndex = startIndex + encoder.encode(said).length;
    supports.push({ segment: { startIndex, endIndex, text: said }, groundingChunkIndices: [chunk.index] });
  }
  if (chunks.size === 0) return undefined;
  const metadata: GroundingMetadata = {
    groundingChunks: [...chunks].map(([uri, { title }]) => ({ web: { uri, title } })),
    ...(supports.length > 0 && { groundingSupports: supports }),
  };
  return metadata;
}
