import { loadEventStream, writeMessage } from "../../../../plugins/protocols/bedrock-converse/frames.ts";
import plugin from "../../../../plugins/protocols/bedrock-converse/index.ts";
import type { ChatChunk, Protocol, StreamEncoder } from "../../../../core/index.ts";
import type { ChatCodec } from "../_codec.ts";

await loadEventStream();
const parts = await plugin.setup(undefined as never, { upstreams: [] } as never);

export const protocol = parts.protocol as Protocol;
export const codec = protocol.codecs?.chat as ChatCodec;
export const frames = () => protocol.frames?.() as ReturnType<NonNullable<Protocol["frames"]>>;

/** An event of a recorded stream: its name and its payload. */
export type Recorded = readonly [string, object];

/** A stream as Bedrock sends it. */
export function recording(events: readonly Recorded[]): Uint8Array {
  return joined(events.map(([name, data]) => writeMessage(name, JSON.stringify(data))));
}

export function exception(name: string, data: object): Uint8Array {
  return writeMessage(name, JSON.stringify(data), true);
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}

/** All that an encoder writes for the chunks, as it goes out. */
export function written(encoder: StreamEncoder<ChatChunk>, chunks: readonly ChatChunk[]): Uint8Array {
  const text = chunks.map((chunk) => encoder.chunk(chunk)).join("") + encoder.end();
  return encoder.toBytes?.(text) ?? new Uint8Array();
}

/** The events of such bytes. */
export function eventsOf(bytes: Uint8Array): [string | undefined, unknown][] {
  const reader = frames();
  return [...reader.push(bytes), ...reader.end()].map(({ event, data }) => [
    event,
    JSON.parse(data) as unknown,
  ]);
}

export const claude = "us.anthropic.claude-sonnet-4-20250514-v1:0";
export const nova = "amazon.nova-pro-v1:0";
