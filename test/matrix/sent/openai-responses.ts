import type { Seen, Sent } from "../cell.ts";
import { dataOf, list, object, parsed, propertiesOf, schemaOf, text, textOf } from "./read.ts";

/** Reads a request of Responses. */
export function readResponses({ body }: Seen): Sent {
  const input = list(body["input"]);
  const user = input.filter(({ role }) => role === "user");
  const calls = input.filter(({ type }) => type === "function_call");
  const format = object(object(body["text"])["format"]);
  return {
    system: text(body["instructions"]),
    texts: user.map(({ content }) => textOf(content)),
    images: user
      .flatMap(({ content }) => list(content))
      .filter(({ type }) => type === "input_image")
      .map(({ image_url }) => dataOf(image_url)),
    tools: list(body["tools"]).map(({ name, parameters }) => ({
      name: text(name),
      properties: propertiesOf(parameters),
    })),
    calls: calls.map(({ name, arguments: args }) => ({ name: text(name), args: parsed(args) })),
    results: calls.map(({ call_id }) => {
      const isIt = (item: Record<string, unknown>): boolean =>
        item["type"] === "function_call_output" && item["call_id"] === call_id;
      return textOf(input.find(isIt)?.["output"]);
    }),
    schema: format["type"] === "json_schema" ? schemaOf(format["schema"]) : undefined,
    reasoning: object(body["reasoning"])["effort"] !== undefined,
    maxTokens: body["max_output_tokens"],
    stream: body["stream"] === true,
  };
}
