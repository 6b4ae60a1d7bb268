import { openExpiring } from "../../../../core/index.ts";
import type { Fields, GatewayContext } from "../../../../core/index.ts";
import type { KeepOptions } from "./options.ts";

/** One response and what it was given. */
export interface Kept {
  /** The caller's name. */
  caller: string;
  response: Fields;
  /** Its own items; those of the responses before it are theirs. */
  input: Fields[];
  /** Ids of the responses before it, oldest first. */
  chain: string[];
}

/** Responses that clients may come back to. A caller finds its own only. */
export interface ResponseStore {
  /** Undefined for one that is not kept, or no longer, or is another caller's. */
  get(id: string, caller: string): Promise<Kept | undefined>;
  /** Never rejects: a state that fails costs the next turn, not this one. */
  set(id: string, kept: Kept): Promise<void>;
  delete(id: string): Promise<void>;
}

/** Ids as this gateway makes them; nothing else is looked for, nor becomes a part of a storage's key. */
const madeHere = /^resp_[0-9a-f]{32}$/;

/** Opens the store over the gateway's state. */
export function openResponses({ state, log }: GatewayContext, options: KeepOptions): ResponseStore {
  const store = openExpiring<Kept>(state, { base: "responses:", ...options });
  /** Writes that go on: whoever asks for one waits for it. */
  const writing = new Map<string, Promise<void>>();

  return {
    async get(id, caller) {
      if (!madeHere.test(id)) return undefined;
      await writing.get(id);
      const kept = await store.get(id);
      return kept?.caller === caller ? kept : undefined;
    },
    set(id, kept) {
      if (!madeHere.test(id)) return Promise.resolve();
      const pending = store
        .set(id, kept)
        .catch((error: unknown) => log.warn(`openai-responses: a response was not kept: ${messageOf(error)}`))
        .finally(() => writing.delete(id));
      writing.set(id, pending);
      return pending;
    },
    delete: (id) => store.delete(id),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
