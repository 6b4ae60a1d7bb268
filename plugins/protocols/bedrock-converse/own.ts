import { isFields } from "../../../core/index.ts";
import type { ContentPart, ExtensionPart, Extensions, Fields } from "../../../core/index.ts";

export const name = "bedrock-converse";

/** A block that only this protocol knows. */
export function ownPart(value: Fields): ExtensionPart {
  return { type: "extension", protocol: name, value };
}

/** What stands in an object for this protocol alone. */
export function ownOf(holder: { extensions?: Extensions | undefined }): Fields {
  return holder.extensions?.[name] ?? {};
}

/** The member `extensions` for what this protocol alone can say; nothing for nothing. */
export function asOwn(fields: Fields): { extensions?: Extensions } {
  return Object.keys(fields).length === 0 ? {} : { extensions: { [name]: fields } };
}

/** A cache point as the mark on what stands before it; undefined for one that the mark cannot say. */
export function markOf(block: Fields): { type: "ephemeral"; ttl?: string } | undefined {
  const point = block["cachePoint"];
  if (!isFields(point) || point["type"] !== "default") return undefined;
  const { ttl } = point;
  const known = Object.keys(point).every((key) => key === "type" || key === "ttl");
  if (!known || (ttl !== undefined && typeof ttl !== "string")) return undefined;
  return { type: "ephemeral", ...(ttl !== undefined && { ttl }) };
}

/** A content part that can carry a cache mark. */
export function markable(
  part: ContentPart,
): part is Exclude<ContentPart, ExtensionPart | { type: "refusal" }> {
  return part.type !== "extension" && part.type !== "refusal";
}
