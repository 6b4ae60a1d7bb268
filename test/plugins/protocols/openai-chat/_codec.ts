import type { GatewayContext, Protocol } from "../../../../core/index.ts";
import plugin from "../../../../plugins/protocols/openai-chat/index.ts";
import type { ChatCodec } from "../_codec.ts";

const parts = await plugin.setup(undefined as never, {} as GatewayContext);
export const protocol = parts.protocol as Protocol;
export const codec = protocol.codecs?.chat as ChatCodec;
