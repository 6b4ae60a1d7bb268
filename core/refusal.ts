import * as runtime from "#runtime";
import { withContextCode } from "./context-length.ts";
import { parseFields } from "./fields.ts";
import { concat } from "./transport/body.ts";
import type { AnswerFacts } from "./call.ts";
import type { CallState } from "./call-state.ts";
import type { Attempt } from "./upstream.ts";

const decoder = new TextDecoder();

/** Notes on an attempt what its upstream's refusal says, packed or not, as far as the client's protocol can read it. */
export async function noteRefusal(
  { protocol }: CallState,
  attempt: Attempt,
  bytes: Uint8Array,
  { status, encoding }: AnswerFacts,
): Promise<void> {
  if (!protocol?.readError) return;
  const plain = encoding === "" || encoding === "identity" ? bytes : await unpacked(bytes, encoding);
  const said = plain && parseFields(decoder.decode(plain));
  const failure = said && protocol.readError(said, status);
  attempt.failure = failure && withContextCode(failure, status);
}

/** More of a refusal says nothing more. */
const mostUnpacked = 1024 * 1024;

async function unpacked(bytes: Uint8Array, encoding: string): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const unpacker = runtime.unpack(encoding, (piece) => {
    if (size > mostUnpacked) return;
    size += piece.byteLength;
    pieces.push(piece);
  });
  if (!unpacker) return undefined;
  unpacker.write(bytes);
  await unpacker.end();
  return concat(pieces, size);
}
