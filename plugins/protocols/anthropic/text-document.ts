const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Base64 of a text's UTF-8. */
export function toBase64(text: string): string {
  let binary = "";
  for (const byte of encoder.encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The text that base64 of UTF-8 stands for; undefined for what is no base64. */
export function fromBase64(data: string): string | undefined {
  try {
    return decoder.decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
