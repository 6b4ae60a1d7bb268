import { hashText, isFields } from "../../core/index.ts";
import type { Call, Fields } from "../../core/index.ts";

/** Of a long text, so much of its beginning and as much of its end is looked at, and its length. */
const looked = 256;

/**
 * A hash that all calls of one conversation share, and other conversations do not; undefined where nothing tells. In
 * this order: a header, what the body names (`prompt_cache_key`, `session_id`, `conversation`, a session in `metadata`),
 * else how the conversation began: all up to the first message of the user, and whose it is. Calls of another caller
 * have another hash.
 * @param headers names, lower case
 */
export function conversationOf(call: Call, headers: readonly string[]): number | undefined {
  const caller = hashText(call.caller?.name ?? "");
  const named = namedByHeader(call, headers) ?? namedInBody(call.json);
  if (named !== undefined) return hashText(named, caller);
  const opening = openingOf(call, caller);
  const user = userIn(call.json);
  return opening !== undefined && user !== undefined ? hashText(user, opening) : opening;
}

function namedByHeader({ request }: Call, headers: readonly string[]): string | undefined {
  for (const name of headers) {
    const value = request.headers.get(name);
    if (value) return value;
  }
  return undefined;
}

function namedInBody(body: unknown): string | undefined {
  if (!isFields(body)) return undefined;
  const { prompt_cache_key: cacheKey, session_id: session, conversation, metadata } = body;
  return (
    text(cacheKey) ??
    text(session) ??
    text(isFields(conversation) ? conversation["id"] : conversation) ??
    (isFields(metadata) ? sessionIn(metadata) : undefined)
  );
}

/** Coding agents write their session into `user_id`; elsewhere that is a person, who has many conversations. */
function sessionIn({ session_id: session, user_id: user }: Fields): string | undefined {
  const person = text(user);
  return text(session) ?? (person !== undefined && /session/i.test(person) ? person : undefined);
}

function userIn(body: unknown): string | undefined {
  if (!isFields(body)) return undefined;
  const { user, metadata } = body;
  return text(user) ?? (isFields(metadata) ? text(metadata["user_id"]) : undefined);
}

function openingOf({ facts }: Call, seed: number): number | undefined {
  let hash: number | undefined;
  for (const { role, text } of facts?.messages() ?? []) {
    hash = hashText(`${role} ${text.length} `, hash ?? seed);
    hash =
      text.length > 2 * looked
        ? hashText(text.slice(-looked), hashText(text.slice(0, looked), hash))
        : hashText(text, hash);
    if (role === "user") break;
  }
  return hash;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
