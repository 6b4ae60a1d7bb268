import { isFields, partsOf, readDataURL, textOfFile } from "../../../core/index.ts";
import { ownOf, protocolName, wire } from "./fields.ts";
import type {
  BetaImageBlockParam,
  BetaRequestDocumentBlock,
  BetaTextBlockParam,
} from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type {
  CacheControl,
  CodecContext,
  ContentPart,
  Fields,
  FilePart,
  ImagePart,
  TextPart,
} from "../../../core/index.ts";

type Dropping = Pick<CodecContext, "drop">;

/** The mark as a block has it. */
export interface BlockMark {
  cache_control?: { type: "ephemeral"; ttl?: "5m" | "1h" } | null;
}

export function cacheMarkOf({ cache_control: mark }: { cache_control?: CacheControl | null }): BlockMark {
  return mark === undefined ? {} : { cache_control: mark as BlockMark["cache_control"] };
}

/** The blocks of a content; empty text is refused, so it is left out. */
export function blocksOf(content: string | ContentPart[] | null | undefined, context: Dropping): Fields[] {
  return partsOf(content).flatMap((part): Fields[] => listed(blockOf(part, context)));
}

/** A list of the one, or of none. */
export function listed(fields: Fields | undefined): Fields[] {
  return fields ? [fields] : [];
}

/** One part as a block. `blank`: text of nothing but white space is kept, which requests may not have. */
export function blockOf(part: ContentPart, context: Dropping, blank = false): Fields | undefined {
  switch (part.type) {
    case "text":
      return textBlock(part, blank);
    case "image_url":
      return imageBlock(part);
    case "file":
      return documentBlock(part, context);
    case "refusal":
      return plainText(part.refusal);
    case "extension":
      if (part.protocol === protocolName) return part.value;
      context.drop(`content.${part.protocol}`);
      return undefined;
    default:
      context.drop(`content.${part.type}`);
      return undefined;
  }
}

export function plainText(text: string): Fields | undefined {
  return text.trim() === "" ? undefined : wire<BetaTextBlockParam>({ type: "text", text });
}

function textBlock(part: TextPart, blank: boolean): Fields | undefined {
  const { block, ...own } = ownOf(part) ?? {};
  if (isFields(block)) return block;
  if (part.text === "" || (!blank && part.text.trim() === "")) return undefined;
  const text = wire<BetaTextBlockParam>({ type: "text", text: part.text, ...cacheMarkOf(part) });
  return { ...text, ...own };
}

type ImageType = "image/png";

function imageBlock(part: ImagePart): Fields {
  const { url } = part.image_url;
  const inline = readDataURL(url);
  const image = wire<BetaImageBlockParam>({
    type: "image",
    source: inline
      ? { type: "base64", media_type: inline.mediaType as ImageType, data: inline.data }
      : { type: "url", url },
    ...cacheMarkOf(part),
  });
  return { ...image, ...ownOf(part) };
}

type DocumentSource = BetaRequestDocumentBlock["source"];

function documentBlock(part: FilePart, context: Dropping): Fields | undefined {
  const { file_data, filename } = part.file;
  const inline = file_data === undefined ? undefined : readDataURL(file_data);
  if (inline?.mediaType.startsWith("image/")) {
    return imageBlock({ type: "image_url", image_url: { url: file_data ?? "" }, ...cacheMarkOf(part) });
  }
  const source = documentSource(part.file, inline);
  if (!source) {
    context.drop("content.file");
    return undefined;
  }
  const document = wire<BetaRequestDocumentBlock>({
    type: "document",
    source,
    ...(filename !== undefined && { title: filename }),
    ...cacheMarkOf(part),
  });
  return { ...document, ...ownOf(part) };
}

function documentSource(
  file: FilePart["file"],
  inline: { mediaType: string; data: string } | undefined,
): DocumentSource | undefined {
  if (inline?.mediaType === "application/pdf") {
    return { type: "base64", media_type: "application/pdf", data: inline.data };
  }
  const text = textOfFile(file);
  if (text !== undefined) return { type: "text", media_type: "text/plain", data: text };
  if (inline) return undefined;
  const { file_url, file_id } = file;
  if (file_url !== undefined) return { type: "url", url: file_url };
  return file_id === undefined ? undefined : { type: "file", file_id };
}
