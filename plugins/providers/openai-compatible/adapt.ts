import { isFields } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";
import { Draft } from "./draft.ts";
import { adaptReasoning } from "./reasoning.ts";
import type { Quirks } from "./vendor.ts";

/** Whom a body is for. */
export interface Recipient {
  /** The body was made by the gateway. */
  translated: boolean;
  /** The upstream's name, where losing a member is refused. */
  strict?: string;
}

/** A chat's body as a vendor takes it; undefined where it may stay as it is. */
export function adaptBody(
  body: Fields,
  quirks: Quirks,
  { translated, strict }: Recipient,
): Fields | undefined {
  const draft = new Draft(body, strict);
  if (quirks.reasoning || quirks.efforts) adaptReasoning(draft, quirks, translated);
  for (const step of steps) step(draft, quirks);
  if (translated) for (const [name, value] of Object.entries(quirks.adds ?? {})) draft.set(name, value);
  return draft.result();
}

/** Each looks at one or a few quirks. */
const steps: readonly ((draft: Draft, quirks: Quirks) => void)[] = [
  adaptFormat,
  adaptMembers,
  adaptStop,
  adaptMessages,
  adaptTools,
];

function adaptMembers(draft: Draft, { maxTokens, streamUsage, choices, drops, renames }: Quirks): void {
  if (maxTokens) rename(draft, "max_completion_tokens", maxTokens);
  for (const [from, to] of Object.entries(renames ?? {})) rename(draft, from, to);
  // Nothing of the answer changes by it, so it is no loss.
  if (streamUsage === false) draft.remove("stream_options");
  const n = draft.get("n");
  if (choices === 1 && n !== undefined) {
    if (n === 1 || n === null) draft.remove("n");
    else draft.drop("n");
  }
  for (const name of drops ?? []) draft.drop(name);
}

function rename(draft: Draft, from: string, to: string): void {
  const value = draft.get(from);
  if (value === undefined) return;
  draft.remove(from);
  draft.set(to, value);
}

function adaptStop(draft: Draft, { stopLimit }: Quirks): void {
  const stop = draft.get("stop");
  if (stopLimit === undefined || !Array.isArray(stop) || stop.length <= stopLimit) return;
  draft.lose("stop");
  draft.set("stop", stop.slice(0, stopLimit));
}

function adaptMessages(draft: Draft, { developerRole, textParts }: Quirks): void {
  const messages = draft.get("messages");
  if (!Array.isArray(messages) || (developerRole !== false && textParts !== false)) return;
  let changed = false;
  const adapted = messages.map((message: unknown) => {
    if (!isFields(message)) return message;
    const role = developerRole === false && message["role"] === "developer" ? "system" : message["role"];
    const content = textParts === false ? joined(message["content"]) : message["content"];
    if (role === message["role"] && content === message["content"]) return message;
    changed = true;
    return { ...message, role, content };
  });
  if (changed) draft.set("messages", adapted);
}

/** Parts that are all text, as one text. */
function joined(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  const texts = content.map((part) => (isFields(part) && part["type"] === "text" ? part["text"] : undefined));
  return texts.every((text) => typeof text === "string") ? texts.join("\n") : content;
}

function adaptTools(draft: Draft, { strictTools, toolChoices }: Quirks): void {
  const tools = draft.get("tools");
  if (strictTools === false && Array.isArray(tools) && tools.some(isStrict)) {
    draft.set(
      "tools",
      tools.map((tool: unknown) => (isStrict(tool) ? loose(tool) : tool)),
    );
  }
  const choice = draft.get("tool_choice");
  if (!toolChoices || choice === undefined || choice === null) return;
  if (typeof choice === "string" && toolChoices.includes(choice)) return;
  if (choice === "none") {
    // Without tools none is called.
    draft.remove("tools");
    draft.remove("tool_choice");
    return;
  }
  draft.lose("tool_choice");
  draft.set("tool_choice", "auto");
}

interface StrictTool {
  function: Fields;
}

function isStrict(tool: unknown): tool is StrictTool {
  return isFields(tool) && isFields(tool["function"]) && "strict" in tool["function"];
}

function loose(tool: StrictTool): StrictTool {
  const { strict: _, ...rest } = tool.function;
  return { ...tool, function: rest };
}

/** JSON without a schema; the model is told of it at the beginning. */
function adaptFormat(draft: Draft, { jsonSchema }: Quirks): void {
  const format = draft.get("response_format");
  if (jsonSchema !== false || !isFields(format) || format["type"] !== "json_schema") return;
  const described = format["json_schema"];
  const schema = isFields(described) ? (described["schema"] ?? {}) : {};
  const told = `Answer with JSON that fits this JSON Schema, and with nothing else: ${JSON.stringify(schema)}`;
  draft.set("response_format", { type: "json_object" });
  const messages = draft.get("messages");
  const [first, ...rest]: unknown[] = Array.isArray(messages) ? messages : [];
  const isSystem = isFields(first) && (first["role"] === "system" || first["role"] === "developer");
  if (isSystem && typeof first["content"] === "string") {
    draft.set("messages", [{ ...first, content: `${first["content"]}\n\n${told}` }, ...rest]);
  } else {
    draft.set("messages", [
      { role: "system", content: told },
      ...(first === undefined ? [] : [first]),
      ...rest,
    ]);
  }
}
