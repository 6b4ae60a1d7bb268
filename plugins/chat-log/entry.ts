import type { Call, Outcome } from "../../core/index.ts";

/** One conversation as the chat log keeps it, one JSON object a line. */
export interface ChatEntry {
  /** When the call began, ISO 8601. */
  time: string;
  id: string;
  model: string;
  /** Name of the caller's key. */
  key?: string;
  ip?: string;
  /** The turns in their order, each `{ role: text }`. */
  messages: Record<string, string>[];
  answer: string;
  /** What the client saw; 499 when it left. */
  status: number;
  /** The client left, or the upstream broke: the answer is what had come by then. */
  partial?: true;
}

/** The same for whoever reads openai-forward's logs: request and answer already joined in one line. */
export interface ForwardEntry {
  /** Local time, `2023-07-18 14:01:21`. */
  datetime: string;
  /** The client's address as proxies told it, `""` when it came directly. */
  "forwarded-for": string;
  model: string;
  messages: Record<string, string>[];
  assistant: string;
  uid: string;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** Local date, `2026-11-21`. */
export function localDay(date: Date): string {
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

/** Local date and time, `2026-11-21 14:01:21`. */
export function localDateTime(date: Date): string {
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
  return `${localDay(date)} ${time}`;
}

function messagesOf(call: Call): Record<string, string>[] {
  return (call.facts?.messages() ?? []).map(({ role, text }) => ({ [role]: text }));
}

/** The conversation of a finished call whose text was collected. */
export function toEntry(call: Call, outcome: Outcome): ChatEntry {
  return {
    time: new Date(call.startedAt).toISOString(),
    id: call.id,
    model: call.model ?? "",
    key: call.caller?.name,
    ip: call.ip || undefined,
    messages: messagesOf(call),
    answer: call.answerText,
    status: outcome.status,
    partial: outcome.result === "complete" ? undefined : true,
  };
}

/** The same in openai-forward's words and order. */
export function toForwardEntry(call: Call): ForwardEntry {
  return {
    datetime: localDateTime(new Date(call.startedAt)),
    "forwarded-for": call.request.headers.get("x-forwarded-for") ?? "",
    model: call.model ?? "",
    messages: messagesOf(call),
    assistant: call.answerText,
    uid: call.id,
  };
}
