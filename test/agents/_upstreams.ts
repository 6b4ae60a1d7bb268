import type { ServerResponse } from "node:http";
import { chunksOf } from "../../core/index.ts";
import { streamOf, streamType } from "../core/translate/_wire.ts";
import type { AssistantMessage, ChatAnswer, Fields, ReasoningDetail } from "../../core/index.ts";
import type { Spoken } from "../core/translate/_wire.ts";
import { checks } from "./_checks.ts";

/** Turns of the loop; the last is text. */
export const rounds = 10;

export const lastText = "All done — ✅";

/** What only the service that signed it can read. It is another one in each turn. */
export function signatureOf(round: number): string {
  return Buffer.from(`signed by the service in turn ${round}`).toString("base64");
}

/** Ids as each service gives them; Gemini's and Ollama's need not be there, Anthropic's have a pattern. */
export function callId(name: Spoken, round: number, place: number): string {
  const plain = `${round}x${place}abcdefghijklmnop`;
  if (name === "anthropic") return `toolu_${plain}`;
  if (name === "bedrock-converse") return `tooluse_${plain}`;
  return `call_${plain}`;
}

/** The calls of a turn: one, or two at a time. */
export function callsOf(round: number): { name: string; args: Fields }[] {
  const read = { name: "read_file", args: { path: `/src/${round}.ts`, lines: [1, 20] } };
  return round % 2 === 0 ? [read, { name: "list_tasks", args: {} }] : [read];
}

function detailsOf(name: Spoken, round: number, text: string): ReasoningDetail[] {
  const signature = signatureOf(round);
  if (name === "anthropic" || name === "bedrock-converse") {
    return [{ type: "reasoning.text", text, signature, format: "anthropic-claude-v1", index: 0 }];
  }
  if (name !== "openai-responses") return [];
  const own = { id: `rs_${round}`, format: "openai-responses-v1" };
  return [
    { type: "reasoning.summary", summary: text, index: 0, ...own },
    { type: "reasoning.encrypted", data: signature, index: 1, ...own },
  ];
}

function messageOf(name: Spoken, round: number): AssistantMessage {
  if (round === rounds - 1) return { role: "assistant", content: lastText };
  const reasoning_content = `Turn ${round}: read first — 漢.`;
  const details = detailsOf(name, round, reasoning_content);
  const thought = name === "gemini" && {
    extra_content: { google: { thought_signature: signatureOf(round) } },
  };
  return {
    role: "assistant",
    content: round % 3 === 0 ? "Let me see." : null,
    reasoning_content,
    ...(details.length > 0 && { reasoning_details: details }),
    tool_calls: callsOf(round).map((call, place) => ({
      id: callId(name, round, place),
      type: "function",
      function: { name: call.name, arguments: JSON.stringify(call.args) },
      ...(place === 0 && thought),
    })),
  };
}

/** Checks a request as strictly as the service does, and streams the turn that is due. */
export function answerTurn(name: Spoken, body: Fields, res: ServerResponse): void {
  let round: number;
  try {
    round = checks[name](body);
  } catch (error) {
    const { message } = error as Error;
    res.writeHead(400, { "content-type": "application/json" });
    res.end(
      JSON.stringify({
        type: "error",
        message,
        error: { type: "invalid_request_error", code: 400, message },
      }),
    );
    return;
  }
  const message = messageOf(name, round);
  const finish_reason = message.tool_calls ? "tool_calls" : "stop";
  const answer: ChatAnswer = {
    id: `answer-${round}`,
    object: "chat.completion",
    created: 1_700_000_000,
    model: "served",
    choices: [{ index: 0, message, finish_reason }],
    usage: { prompt_tokens: 1000 + round, completion_tokens: 50, total_tokens: 1050 + round },
  };
  res.writeHead(200, { "content-type": streamType(name) });
  res.end(streamOf(name, chunksOf(answer)));
}
