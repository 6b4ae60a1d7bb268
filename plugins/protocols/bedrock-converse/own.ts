import { isFields, ownExtensions } from "../../../core/index.ts";
import type { ContentPart, ExtensionPart, Fields } from "../../../core/index.ts";

export const name = "bedrock-converse";

export const { ownOf, asOwn } = ownExtensions(name);

/** A block that only this protocol knows. */
export function ownPart(value: Fields): ExtensionPart {
  return { type: "extension", protocol: name, value };
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
