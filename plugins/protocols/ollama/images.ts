import { badRequest, readDataURL, toDataURL } from "../../../core/index.ts";
import type { ImagePart } from "../../../core/index.ts";

/** How the bytes of image types begin, in base64. */
const beginnings: readonly (readonly [string, string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["Qk", "image/bmp"],
];

/** Reads a message's `images`: bare base64, whose type is told by its first bytes. */
export function decodeImages(value: unknown): ImagePart[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((image) => typeof image === "string")) {
    throw badRequest("images must be a list of base64 texts.", "messages.images");
  }
  return value.map((image: string): ImagePart => {
    // Some clients send what their canvas gives.
    if (image.startsWith("data:")) return { type: "image_url", image_url: { url: image } };
    const type = beginnings.find(([beginning]) => image.startsWith(beginning))?.[1] ?? "image/png";
    return { type: "image_url", image_url: { url: toDataURL(type, image) } };
  });
}

/** The base64 of an image; undefined for one that is an address. */
export function encodeImage({ image_url: { url } }: ImagePart): string | undefined {
  return readDataURL(url)?.data;
}
