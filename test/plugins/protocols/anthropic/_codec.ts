import assert from "node:assert/strict";
import plugin from "../../../../plugins/protocols/anthropic/index.ts";
import type { ChatRequest, Codec, Protocol, TokenCount } from "../../../../core/index.ts";
import type { ChatCodec } from "../_codec.ts";

const parts = await plugin.setup(undefined, {} as never);

export const protocol = parts.protocol as Protocol;

const { codecs } = protocol;
assert.ok(codecs?.chat && codecs["count-tokens"]);

export const chat: ChatCodec = codecs.chat;
export const countTokens: Codec<ChatRequest, TokenCount> = codecs["count-tokens"];

/** A model that takes nearly everything that the protocol can say. */
export const model = "claude-opus-4-6";
