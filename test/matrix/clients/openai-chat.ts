import OpenAI, { APIError, BadRequestError, RateLimitError } from "openai";
import { collect } from "../../sdk/_compare.ts";
import { maxTokens } from "../cell.ts";
import type { Ask, Client, Link, Observation } from "../cell.ts";

type Message = OpenAI.ChatCompletionMessageParam;
/** Reasoning as open models' vendors tell of it. */
type Reasoned = { reasoning_content?: string | null; reasoning?: string | null };

/** OpenAI's SDK, Chat Completions. */
export const openaiChat: Client = {
  name: "OpenAI Chat",
  async ask(link, ask, stream) {
    const client = new OpenAI({
      apiKey: link.key,
      baseURL: `${link.url}/v1`,
      maxRetries: 0,
      defaultHeaders: link.headers,
    });
    const body = bodyOf(link, ask);
    if (!stream) return observe(await client.chat.completions.create(body), body.messages, 1);
    const chunks = await client.chat.completions.create({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    const all = await collect(chunks);
    const told = all.filter(({ choices }) => choices[0]?.delta.content);
    return observe(join(all), body.messages, told.length);
  },
  failure(error) {
    const { status, message } = error as APIError;
    const own = status === 429 ? RateLimitError : BadRequestError;
    return { own: error instanceof own, status: Number(status), message };
  },
};

function bodyOf({ model }: Link, ask: Ask): OpenAI.ChatCompletionCreateParamsNonStreaming {
  return {
    model,
    messages: messagesOf(ask),
    max_completion_tokens: maxTokens,
    ...(ask.tools && {
      tools: ask.tools.map((tool) => ({ type: "function" as const, function: { ...tool } })),
    }),
    ...(ask.schema && {
      response_format: {
        type: "json_schema",
        json_schema: { name: "city", strict: true, schema: ask.schema },
      },
    }),
    ...(ask.reasoning && { reasoning_effort: "medium" }),
  };
}

function messagesOf({ system, text, image, after }: Ask): Message[] {
  if (after) {
    const told = after.results.map(({ id, text: content }) => ({
      role: "tool" as const,
      tool_call_id: id,
      content,
    }));
    return [...(after.history as Message[]), ...told];
  }
  const url = `data:image/png;base64,${image}`;
  const content = image && [
    { type: "text" as const, text },
    { type: "image_url" as const, image_url: { url } },
  ];
  return [
    { role: "system", content: system },
    { role: "user", content: content || text },
  ];
}

/** The stream's chunks as one answer. */
function join(chunks: OpenAI.ChatCompletionChunk[]): OpenAI.ChatCompletion {
  const message: OpenAI.ChatCompletionMessage & Reasoned = {
    role: "assistant",
    content: "",
    refusal: null,
    reasoning_content: "",
  };
  const calls: OpenAI.ChatCompletionMessageFunctionToolCall[] = [];
  let finish_reason: OpenAI.ChatCompletion.Choice["finish_reason"] = "length";
  for (const { choices } of chunks) {
    const [choice] = choices;
    if (!choice) continue;
    const { content, tool_calls, ...delta } = choice.delta as typeof choice.delta & Reasoned;
    message.content += content ?? "";
    message.reasoning_content += delta.reasoning_content ?? delta.reasoning ?? "";
    for (const { index, id = "", function: part } of tool_calls ?? []) {
      const call = (calls[index] ??= { id, type: "function", function: { name: "", arguments: "" } });
      call.function.name += part?.name ?? "";
      call.function.arguments += part?.arguments ?? "";
    }
    if (choice.finish_reason) finish_reason = choice.finish_reason;
  }
  if (calls.length > 0) message.tool_calls = calls;
  const { id = "", created = 0, model = "" } = chunks[0] ?? {};
  const usage = chunks.at(-1)?.usage ?? undefined;
  const choices = [{ index: 0, message, finish_reason, logprobs: null }];
  return { id, created, model, object: "chat.completion", choices, ...(usage && { usage }) };
}

function observe(answer: OpenAI.ChatCompletion, messages: Message[], pieces: number): Observation {
  const { choices, usage, model } = answer;
  const [choice] = choices;
  if (!choice) throw new Error("The answer has no choice.");
  const { message, finish_reason: finish } = choice;
  const { reasoning_content, reasoning } = message as Reasoned;
  const calls = (message.tool_calls ?? []).filter((call) => call.type === "function");
  return {
    text: message.content ?? "",
    toolCalls: calls.map(({ id, function: { name, arguments: args } }) => ({
      id,
      name,
      args: JSON.parse(args) as unknown,
    })),
    reasoning: reasoning_content ?? reasoning ?? "",
    usage: { input: usage?.prompt_tokens, output: usage?.completion_tokens },
    finish,
    model,
    pieces,
    history: [...messages, message],
  };
}
