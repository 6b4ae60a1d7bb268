import { CohereClientV2, CohereError } from "cohere-ai";
import type { Cohere } from "cohere-ai";
import { collect } from "../../sdk/_compare.ts";
import { maxTokens } from "../cell.ts";
import type { Ask, Client, Link, Observation } from "../cell.ts";

type Body = Cohere.V2ChatRequest;
type Message = Cohere.ChatMessageV2;

const finishes: Record<string, string> = { COMPLETE: "stop", TOOL_CALL: "tool_calls" };

/** Cohere's SDK, version 2 of its API. */
export const cohere: Client = {
  name: "Cohere",
  async ask(link, ask, stream) {
    const client = new CohereClientV2({ environment: link.url, token: link.key, maxRetries: 0 } as never);
    const options = { headers: link.headers, maxRetries: 0 };
    const body = bodyOf(link, ask);
    if (!stream) return observe(await client.chat(body, options), body.messages, 1);
    const events = await collect(await client.chatStream(body, options));
    const told = events.filter(
      (event) => event.type === "content-delta" && event.delta?.message?.content?.text,
    );
    return observe(join(events), body.messages, told.length);
  },
  failure(error) {
    const { statusCode: status, message } = error as CohereError;
    return { own: error instanceof CohereError, status, message };
  },
};

function bodyOf({ model }: Link, ask: Ask): Body {
  return {
    model,
    messages: messagesOf(ask),
    maxTokens,
    ...(ask.tools && {
      tools: ask.tools.map((tool) => ({ type: "function" as const, function: { ...tool } })),
    }),
    ...(ask.schema && { responseFormat: { type: "json_object", jsonSchema: ask.schema } }),
    ...(ask.reasoning && { thinking: { type: "enabled", tokenBudget: 2048 } }),
  };
}

function messagesOf({ system, text, image, after }: Ask): Message[] {
  if (after) {
    const told = after.results.map(({ id, text: content }) => ({
      role: "tool" as const,
      toolCallId: id,
      content,
    }));
    return [...(after.history as Message[]), ...told];
  }
  const url = `data:image/png;base64,${image}`;
  const content = image && [
    { type: "text" as const, text },
    { type: "image_url" as const, imageUrl: { url } },
  ];
  return [
    { role: "system", content: system },
    { role: "user", content: content || text },
  ];
}

type Answer = Pick<Cohere.V2ChatResponse, "finishReason" | "message" | "usage">;

/** The stream's events as one answer. */
function join(events: Cohere.V2ChatStreamResponse[]): Answer {
  let text = "";
  let thinking = "";
  const toolCalls: Cohere.ToolCallV2[] = [];
  const answer: Answer = { finishReason: "ERROR", message: { role: "assistant" } };
  for (const event of events) {
    if (event.type === "content-start" || event.type === "content-delta") {
      const { text: said, thinking: thought } = event.delta?.message?.content ?? {};
      text += said ?? "";
      thinking += thought ?? "";
    } else if (event.type === "tool-call-start") {
      const { id = "", function: called } = event.delta?.message?.toolCalls ?? {};
      toolCalls.push({ id, type: "function", function: { name: "", arguments: "", ...called } });
    } else if (event.type === "tool-call-delta") {
      const more = event.delta?.message?.toolCalls?.function?.arguments ?? "";
      const called = toolCalls.at(-1)?.function;
      if (called) called.arguments += more;
    } else if (event.type === "message-end") {
      answer.finishReason = event.delta?.finishReason ?? "ERROR";
      answer.usage = event.delta?.usage;
    }
  }
  const content: Cohere.AssistantMessageResponseContentItem[] = [];
  if (thinking) content.push({ type: "thinking", thinking });
  if (text) content.push({ type: "text", text });
  if (content.length > 0) answer.message.content = content;
  if (toolCalls.length > 0) answer.message.toolCalls = toolCalls;
  return answer;
}

function observe(answer: Answer, messages: Message[], pieces: number): Observation {
  const { message, finishReason, usage } = answer;
  const content = message.content ?? [];
  const { inputTokens: input, outputTokens: output } = usage?.tokens ?? {};
  return {
    text: content.map((part) => (part.type === "text" ? part.text : "")).join(""),
    toolCalls: (message.toolCalls ?? []).map(({ id, function: called }) => ({
      id,
      name: called?.name ?? "",
      args: JSON.parse(called?.arguments ?? "") as unknown,
    })),
    reasoning: content.map((part) => (part.type === "thinking" ? part.thinking : "")).join(""),
    usage: { input, output },
    finish: finishes[finishReason] ?? finishReason,
    model: undefined,
    pieces,
    history: [...messages, { ...message, role: "assistant" }],
  };
}
