import Anthropic, { APIError, BadRequestError, RateLimitError } from "@anthropic-ai/sdk";
import { maxTokens } from "../cell.ts";
import type { Ask, Client, Link, Observation } from "../cell.ts";

type Body = Anthropic.MessageCreateParamsNonStreaming;
type Message = Anthropic.MessageParam;

const finishes: Record<string, string> = { end_turn: "stop", tool_use: "tool_calls" };

/** Anthropic's SDK; streams go through its own accumulator. */
export const anthropic: Client = {
  name: "Anthropic",
  async ask(link, ask, stream) {
    const client = new Anthropic({
      apiKey: link.key,
      baseURL: link.url,
      maxRetries: 0,
      defaultHeaders: link.headers,
    });
    const body = bodyOf(link, ask);
    if (!stream) return observe(await client.messages.create(body), body.messages, 1);
    let pieces = 0;
    const events = client.messages.stream(body).on("text", () => void pieces++);
    const answer = await events.finalMessage();
    return observe(answer, body.messages, pieces);
  },
  failure(error) {
    const { status, message } = error as APIError;
    const own = status === 429 ? RateLimitError : BadRequestError;
    return { own: error instanceof own, status: Number(status), message };
  },
};

function bodyOf({ model }: Link, ask: Ask): Body {
  return {
    model,
    max_tokens: maxTokens,
    system: ask.system,
    messages: messagesOf(ask),
    ...(ask.tools && {
      tools: ask.tools.map(({ parameters, ...tool }) => ({ ...tool, input_schema: parameters })),
    }),
    ...(ask.schema && { output_config: { format: { type: "json_schema", schema: ask.schema } } }),
    ...(ask.reasoning && { thinking: { type: "enabled", budget_tokens: 2048 } }),
  };
}

function messagesOf({ text, image, after }: Ask): Message[] {
  if (after) {
    const content = after.results.map(({ id, text: told }) => ({
      type: "tool_result" as const,
      tool_use_id: id,
      content: told,
    }));
    return [...(after.history as Message[]), { role: "user", content }];
  }
  if (!image) return [{ role: "user", content: text }];
  const source = { type: "base64" as const, media_type: "image/png" as const, data: image };
  return [
    {
      role: "user",
      content: [
        { type: "text", text },
        { type: "image", source },
      ],
    },
  ];
}

function observe(answer: Anthropic.Message, messages: Message[], pieces: number): Observation {
  const { content, usage, stop_reason, model } = answer;
  const texts = content.map((block) => (block.type === "text" ? block.text : ""));
  const thoughts = content.map((block) => (block.type === "thinking" ? block.thinking : ""));
  const calls = content.filter((block) => block.type === "tool_use");
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = usage;
  return {
    text: texts.join(""),
    toolCalls: calls.map(({ id, name, input: args }) => ({ id, name, args })),
    reasoning: thoughts.join(""),
    usage: {
      input: input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0),
      output: usage.output_tokens,
    },
    finish: finishes[stop_reason ?? ""] ?? String(stop_reason),
    model,
    pieces,
    history: [...messages, { role: "assistant", content }],
  };
}
