import type { Seen, Sent } from "../cell.ts";
import { list, object, propertiesOf, schemaOf, text, textOf } from "./read.ts";

/** Reads a request of Bedrock's Converse. */
export function readConverse({ body, url }: Seen): Sent {
  const messages = list(body["messages"]);
  const user = messages.filter(({ role }) => role === "user");
  const blocks = messages.flatMap(({ content }) => list(content));
  const of = (kind: string) => blocks.flatMap((block) => (block[kind] ? [object(block[kind])] : []));
  const toolConfig = object(body["toolConfig"]);
  const tools = list(toolConfig["tools"]).flatMap(({ toolSpec }) => (toolSpec ? [object(toolSpec)] : []));
  const forced = object(toolConfig["toolChoice"])["tool"] ? tools[0] : undefined;
  const schemaIn = (tool?: Record<string, unknown>): unknown => object(tool?.["inputSchema"])["json"];
  const calls = of("toolUse");
  const extra = object(body["additionalModelRequestFields"]);
  return {
    system: textOf(body["system"]),
    texts: user.map(({ content }) => textOf(content)).filter((said) => said !== ""),
    images: of("image").map(({ source }) => text(object(source)["bytes"])),
    tools: tools.map((tool) => ({ name: text(tool["name"]), properties: propertiesOf(schemaIn(tool)) })),
    calls: calls.map(({ name, input }) => ({ name: text(name), args: input })),
    results: calls.map(({ toolUseId }) => {
      const result = of("toolResult").find((one) => one["toolUseId"] === toolUseId);
      return textOf(result?.["content"]);
    }),
    schema: schemaOf(schemaIn(forced)),
    reasoning: object(extra["reasoningConfig"])["type"] === "enabled",
    maxTokens: object(body["inferenceConfig"])["maxTokens"],
    stream: url.endsWith("/converse-stream"),
  };
}
