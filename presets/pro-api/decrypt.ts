import { Buffer } from "node:buffer";
import { createDecipheriv } from "node:crypto";

/** AES-128. */
const keyLength = 16;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Opens a configuration that pro-api's users encrypt: Base64 of AES-128-ECB with PKCS #7 padding. The key is the
 * secret's UTF-8, filled with zeros to 16 bytes, cut at 16. Undefined for a text that is not encrypted.
 * @throws Error, in words what was found, where the secret is missing or does not fit
 */
export function decryptConfig(text: string, secret: string | undefined): string | undefined {
  const packed = text.replace(/\s+/g, "");
  // YAML has a colon in it, and Base64 has none.
  if (!base64.test(packed) || packed.length % 4 !== 0) return undefined;
  if (!secret) throw new Error("an encrypted configuration, and no secret_key in the environment");
  const key = Buffer.alloc(keyLength);
  Buffer.from(secret, "utf8").copy(key, 0, 0, keyLength);
  try {
    const decipher = createDecipheriv("aes-128-ecb", key, null);
    const bytes = Buffer.concat([decipher.update(Buffer.from(packed, "base64")), decipher.final()]);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("an encrypted configuration that secret_key does not open");
  }
}
