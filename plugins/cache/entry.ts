/** An answer as it is kept. */
export interface StoredAnswer {
  /** ms since the epoch. */
  storedAt: number;
  /** ms since the epoch from which on it is not served. */
  expires: number;
  status: number;
  /** The whole `content-type` and `content-encoding`, where the answer had them. */
  contentType?: string;
  encoding?: string;
  /** It came as server-sent events. */
  streaming: boolean;
  /** Name of the upstream that gave it. */
  upstream?: string;
  body: Uint8Array;
}

type Head = Omit<StoredAnswer, "body"> & { length: number };

/** Bytes before the head: its length. */
const prefix = 4;

/** One block of bytes: the head's length, the head as JSON, the body. */
export function encodeEntry({ body, ...facts }: StoredAnswer): Uint8Array {
  const head: Head = { ...facts, length: body.byteLength };
  const headBytes = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(prefix + headBytes.byteLength + body.byteLength);
  new DataView(bytes.buffer).setUint32(0, headBytes.byteLength);
  bytes.set(headBytes, prefix);
  bytes.set(body, prefix + headBytes.byteLength);
  return bytes;
}

/** The answer in a block of bytes; undefined for anything that is no whole entry, such as a file half written. */
export function decodeEntry(bytes: Uint8Array): StoredAnswer | undefined {
  if (bytes.byteLength < prefix) return undefined;
  const bodyAt = prefix + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (bytes.byteLength < bodyAt) return undefined;
  try {
    const text = new TextDecoder().decode(bytes.subarray(prefix, bodyAt));
    const { length, ...facts } = JSON.parse(text) as Head;
    const body = bytes.subarray(bodyAt);
    return body.byteLength === length ? { ...facts, body } : undefined;
  } catch {
    return undefined;
  }
}
