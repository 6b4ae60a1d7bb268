import { Ollama } from "ollama";
import type { ChatRequest, ChatResponse, Message } from "ollama";
import { collect } from "../../sdk/_compare.ts";
import { maxTokens } from "../cell.ts";
import type { Ask, Client, Link, Observation } from "../cell.ts";

type Body = ChatRequest & { messages: Message[] };

/** Ollama's SDK. */
export const ollama: Client = {
  name: "Ollama",
  async ask(link, ask, stream) {
    const headers = { ...link.headers, authorization: `Bearer ${link.key}` };
    const client = new Ollama({ host: link.url, headers });
    const body = bodyOf(link, ask);
    const answers = stream
      ? await collect(await client.chat({ ...body, stream: true }))
      : [await client.chat({ ...body, stream: false })];
    return observe(answers, body.messages);
  },
  failure(error) {
    const { name, status_code: status, message } = error as Error & { status_code?: number };
    // The class is not exported.
    return { own: name === "ResponseError", status, message };
  },
};

function bodyOf({ model }: Link, ask: Ask): Body {
  return {
    model,
    messages: messagesOf(ask),
    options: { num_predict: maxTokens },
    ...(ask.tools && {
      tools: ask.tools.map((tool) => ({ type: "function", function: { ...tool } })) as ChatRequest["tools"],
    }),
    ...(ask.schema && { format: ask.schema }),
    ...(ask.reasoning && { think: true }),
  };
}

function messagesOf({ system, text, image, after }: Ask): Message[] {
  if (after) {
    const told = after.results.map(({ name, text: content }) => ({ role: "tool", content, tool_name: name }));
    return [...(after.history as Message[]), ...told];
  }
  return [
    { role: "system", content: system },
    { role: "user", content: text, ...(image && { images: [image] }) },
  ];
}

function observe(answers: ChatResponse[], messages: Message[]): Observation {
  const said = answers.map(({ message }) => message);
  const content = said.map((message) => message.content).join("");
  const thinking = said.map((message) => message.thinking ?? "").join("");
  const calls = said.flatMap(({ tool_calls }) => tool_calls ?? []);
  const last = answers.at(-1);
  const done = calls.length > 0 ? "tool_calls" : "stop";
  const message = { role: "assistant", content, ...(calls.length > 0 && { tool_calls: calls }) };
  return {
    text: content,
    toolCalls: calls.map(({ function: { name, arguments: args } }) => ({ id: "", name, args })),
    reasoning: thinking,
    usage: { input: last?.prompt_eval_count, output: last?.eval_count },
    finish: last?.done && last.done_reason === "stop" ? done : String(last?.done_reason),
    model: last?.model,
    pieces: said.filter((message) => message.content).length,
    history: [...messages, message],
  };
}
