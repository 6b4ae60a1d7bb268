import plugin from "../../../../plugins/protocols/ollama/index.ts";
import type { Endpoint, Protocol } from "../../../../core/index.ts";

const parts = await plugin.setup(undefined as never, {} as never);

export const protocol = parts.protocol as Protocol &
  Required<Pick<Protocol, "codecs" | "readRequest" | "renderModels">>;
export const chat = protocol.codecs.chat!;
export const embed = protocol.codecs.embeddings!;

function endpointAt(path: string): Endpoint {
  return protocol.endpoints.find((one) => one.path === path)!;
}

/** What a context must have for a call to a path. */
export function at(path: string): { endpoint: Endpoint; path: string } {
  return { endpoint: endpointAt(path), path };
}

export const weatherTool = {
  type: "function",
  function: {
    name: "get_temperature",
    description: "The temperature of a city.",
    parameters: { type: "object", required: ["city"], properties: { city: { type: "string" } } },
  },
};
