import plugin from "../../../../plugins/protocols/cohere/index.ts";
import type { Protocol } from "../../../../core/index.ts";

const parts = await plugin.setup(undefined as never, {} as never);

export const protocol = parts.protocol as Protocol & Required<Pick<Protocol, "codecs" | "readRequest">>;
export const chat = protocol.codecs.chat!;
export const embed = protocol.codecs.embeddings!;
export const rerank = protocol.codecs.rerank!;

export const weatherTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather of a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
