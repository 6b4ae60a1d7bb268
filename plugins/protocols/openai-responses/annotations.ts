import { isFields } from "../../../core/index.ts";
import type { Annotation, Fields } from "../../../core/index.ts";

/** A citation as it stands in a part of the answer; web pages are told flat here, nested in the neutral shape. */
export function readAnnotation(value: unknown): Annotation {
  const annotation = isFields(value) ? value : {};
  const { type, ...rest } = annotation;
  if (type === "url_citation") return { type, url_citation: rest };
  return { ...annotation, type: typeof type === "string" ? type : "unknown" };
}

/** What this protocol's parts can cite. */
const known: ReadonlySet<string> = new Set([
  "file_citation",
  "url_citation",
  "container_file_citation",
  "file_path",
]);

/** The citation for a part of the answer; undefined for one that only another protocol has. */
export function writeAnnotation(annotation: Annotation): Fields | undefined {
  if (!known.has(annotation.type)) return undefined;
  const { type, url_citation, ...rest } = annotation;
  if (type !== "url_citation" || !isFields(url_citation)) return annotation;
  const usual = { start_index: 0, end_index: 0, title: "" };
  return { type, ...usual, ...url_citation, ...rest };
}

/** Those of a message that its parts can cite. */
export function writeAnnotations(annotations: readonly Annotation[] | undefined): Fields[] {
  return (annotations ?? []).flatMap<Fields>((one) => writeAnnotation(one) ?? []);
}
