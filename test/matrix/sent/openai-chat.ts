import type { Seen, Sent } from "../cell.ts";
import { dataOf, list, object, parsed, propertiesOf, schemaOf, text, textOf } from "./read.ts";

/** Reads a request of Chat Completions. */
export function readChat({ body }: Seen): Sent {
  const messages = list(body["messages"]);
  const of = (...roles: string[]) => messages.filter(({ role }) => roles.includes(text(role)));
  const format = object(body["response_format"]);
  return {
    system: of("system", "developer")
      .map(({ content }) => textOf(content))
      .join(""),
    texts: of("user").map(({ content }) => textOf(content)),
    images: of("user")
      .flatMap(({ content }) => list(content))
      .filter(({ type }) => type === "image_url")
      .map(({ image_url }) => dataOf(object(image_url)["url"])),
    tools: list(body["tools"])
      .map((tool) => object(tool["function"]))
      .map(({ name, parameters }) => ({ name: text(name), properties: propertiesOf(parameters) })),
    calls: of("assistant")
      .flatMap(({ tool_calls }) => list(tool_calls))
      .map((call) => object(call["function"]))
      .map(({ name, arguments: args }) => ({ name: text(name), args: parsed(args) })),
    results: resultsInOrder(messages),
    schema: format["type"] === "json_schema" ? schemaOf(object(format["json_schema"])["schema"]) : undefined,
    reasoning: asksForReasoning(body),
    maxTokens: body["max_completion_tokens"] ?? body["max_tokens"],
    stream: body["stream"] === true,
  };
}

/** Each call's result, by its id. */
function resultsInOrder(messages: Record<string, unknown>[]): string[] {
  const calls = messages.flatMap(({ tool_calls }) => list(tool_calls));
  return calls.map(({ id }) => {
    const result = messages.find((message) => message["tool_call_id"] === id);
    return textOf(result?.["content"]);
  });
}

/** OpenAI's member, or OpenRouter's. */
function asksForReasoning({ reasoning_effort, reasoning }: Record<string, unknown>): boolean {
  const { effort, max_tokens, enabled } = object(reasoning);
  const asked = reasoning_effort ?? effort ?? max_tokens ?? enabled;
  return asked !== undefined && asked !== null && asked !== "none" && asked !== false;
}
