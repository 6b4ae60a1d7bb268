import type { Seen, Sent } from "../cell.ts";
import { list, object, propertiesOf, schemaOf, text, textOf } from "./read.ts";

/** Reads a request of Anthropic's Messages. */
export function readMessages({ body }: Seen): Sent {
  const messages = list(body["messages"]);
  const user = messages.filter(({ role }) => role === "user").map(({ content }) => content);
  const blocks = messages.flatMap(({ content }) => list(content));
  const of = (type: string) => blocks.filter((block) => block["type"] === type);
  const calls = of("tool_use");
  const forced = object(body["tool_choice"])["type"] === "tool" ? list(body["tools"])[0] : undefined;
  const format = object(object(body["output_config"])["format"]);
  const thinking = text(object(body["thinking"])["type"]);
  return {
    system: textOf(body["system"]),
    texts: user.map(textOf).filter((said) => said !== ""),
    images: of("image").map(({ source }) => text(object(source)["data"])),
    tools: list(body["tools"]).map(({ name, input_schema }) => ({
      name: text(name),
      properties: propertiesOf(input_schema),
    })),
    calls: calls.map(({ name, input }) => ({ name: text(name), args: input })),
    results: calls.map(({ id }) => {
      const result = of("tool_result").find(({ tool_use_id }) => tool_use_id === id);
      return textOf(result?.["content"]);
    }),
    schema: schemaOf(format["schema"] ?? forced?.["input_schema"]),
    reasoning: thinking === "enabled" || thinking === "adaptive",
    maxTokens: body["max_tokens"],
    stream: body["stream"] === true,
  };
}
