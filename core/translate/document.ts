import { bytesOfFile, readDataURL } from "../chat-content.ts";
import { badRequest } from "../errors.ts";

/** The text of a document given as a `data:` URL: PDF, or any text. Rejects with a 400 GatewayError for any other, and for what is no base64. */
export async function documentText(dataURL: string): Promise<string> {
  const read = readDataURL(dataURL);
  if (!read) throw badRequest("A file's data must be a data: URL with base64.");
  const bytes = bytesOfFile(read.data);
  if (read.mediaType === "application/pdf") return pdfText(bytes);
  if (/^text\/|^application\/(json|xml|yaml|x-yaml|javascript)/.test(read.mediaType)) {
    return new TextDecoder().decode(bytes);
  }
  throw badRequest(`The model takes no files, and ${read.mediaType} has no text that the gateway can read.`);
}

async function pdfText(bytes: Uint8Array): Promise<string> {
  // Loaded on use: it is larger than all of the gateway.
  const { extractText, getDocumentProxy } = await import("unpdf");
  try {
    const { text } = await extractText(await getDocumentProxy(bytes, { verbosity: 0 }), { mergePages: true });
    return text;
  } catch {
    throw badRequest("A PDF in the request cannot be read.");
  }
}
