import { readFile, stat } from "node:fs/promises";

/** The most that is read of a configuration. */
export const mostBytes = 4 * 1024 * 1024;

/** A text, or in words what was found instead of one. */
export type TextResult<T extends { text: string } = { text: string }> =
  | (T & { unchanged?: boolean; failure?: undefined })
  | { failure: string; absent?: boolean };

/** Reads a text file. Never throws. */
export async function readText(path: string): Promise<TextResult> {
  try {
    const found = await stat(path);
    // A device or a pipe might never end.
    if (!found.isFile())
      return { failure: found.isDirectory() ? "a directory" : "something that is no file" };
    if (found.size > mostBytes) return { failure: `more than ${mostBytes} bytes` };
    const text = decodeText(await readFile(path));
    return text === undefined ? { failure: "bytes that are not UTF-8" } : { text };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return { failure: "no file", absent: true };
    return { failure: `a file that cannot be read${code ? ` (${code})` : ""}` };
  }
}

/** UTF-8 as text, without a byte order mark; undefined when it is not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Of a path where there is nothing. */
export const absentSignature = "absent";

/** Changes whenever the file behind a path does: is written, replaced, or another one that a link leads to. */
export async function signatureOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found ? `${found.mtimeMs}-${found.size}-${found.ino}` : absentSignature;
}

/** Whether there is a file, and nothing in it. */
export function isEmptied(signature: string): boolean {
  return signature.includes("-0-");
}
