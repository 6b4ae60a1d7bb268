/**
 * Base64 (RFC 4648, section 4, with padding) of bytes, of text and of vectors. What reads it takes white space and
 * missing padding, as `atob` does, and throws the runtime's own error for what is no base64.
 */

import { badAnswer } from "./errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What newer runtimes have. Source: TC39 proposal-arraybuffer-base64. */
const { fromBase64 } = Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
type Encoding = Uint8Array & { toBase64(): string };
const encodes = "toBase64" in Uint8Array.prototype;

/** Bytes for each call of `btoa`: a call takes only so many arguments, and a multiple of three has no padding within. */
const step = 0x8000 - (0x8000 % 3);

export function bytesToBase64(bytes: Uint8Array): string {
  if (encodes) return (bytes as Encoding).toBase64();
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += step) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + step)));
  }
  return text;
}

/** Throws for what is no base64. */
export function base64ToBytes(text: string): Uint8Array<ArrayBuffer> {
  if (fromBase64) return fromBase64.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/** The bytes of what an upstream says in base64. Throws a 502 GatewayError for what is none. */
export function upstreamBytes(text: string): Uint8Array<ArrayBuffer> {
  try {
    return base64ToBytes(text);
  } catch (error) {
    throw badAnswer("what should be base64 is none", error);
  }
}

/** Base64 of a text's UTF-8. */
export function textToBase64(text: string): string {
  return bytesToBase64(encoder.encode(text));
}

/** The text whose UTF-8 this is; bytes that are none become U+FFFD. Throws for what is no base64. */
export function base64ToText(text: string): string {
  return decoder.decode(base64ToBytes(text));
}

/** A vector as the neutral shape has it: numbers, or base64 of little-endian float32. */
type Vector = number[] | string;

/** A vector as base64 of little-endian float32; one that is base64 stays as it is. */
export function vectorToBase64(vector: Vector): string {
  if (typeof vector === "string") return vector;
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  for (let at = 0; at < vector.length; at++) view.setFloat32(at * 4, vector[at] ?? 0, true);
  return bytesToBase64(new Uint8Array(view.buffer));
}

/**
 * A vector as numbers; one that is numbers stays as it is. Bytes of half a number are left away. Vectors are of
 * upstreams: throws a 502 GatewayError for what is no base64.
 */
export function vectorToNumbers(vector: Vector): number[] {
  if (typeof vector !== "string") return vector;
  const view = new DataView(upstreamBytes(vector).buffer);
  const numbers: number[] = [];
  for (let at = 0; at + 4 <= view.byteLength; at += 4) numbers.push(view.getFloat32(at, true));
  return numbers;
}
