import { partsOf } from "../../../core/index.ts";
import type {
  AssistantMessage,
  ChatMessage,
  ChatRequest,
  CodecContext,
  ContentPart,
  Fields,
  InstructionMessage,
  ToolMessage,
} from "../../../core/index.ts";
import { encodeConfig } from "./config-encode.ts";
import { ownOf } from "./fields.ts";
import { encodeMedia, isMediaPart } from "./media.ts";
import { noteDropped } from "./members.ts";
import { messageParts } from "./message-encode.ts";
import { kindOf } from "./request-decode.ts";
import { encodeResult, missingResult } from "./results.ts";
import { isThirdGeneration } from "./thinking.ts";
import { encodeToolConfig, encodeTools } from "./tools-encode.ts";
import type { Content, GenerateContentRequest } from "./wire.ts";

/** The body of generateContent for a neutral request. */
export function encodeRequest(request: ChatRequest, context: CodecContext): Fields {
  noteDropped(request, context);
  const { generationConfig: _, toolConfig: __, toolLayout: ___, ...own } = ownOf(request) ?? {};
  const { messages } = request;
  const leading = messages.findIndex(({ role }) => role !== "system" && role !== "developer");
  // Instructions alone are no conversation: then they are what the user says.
  const instructions = (leading < 0 ? [] : messages.slice(0, leading)) as InstructionMessage[];
  const writer = new ContentsWriter(context);
  for (const message of messages.slice(instructions.length)) writer.add(message);
  const tools = encodeTools(request, context);
  const toolConfig = encodeToolConfig(request, context);
  const generationConfig = encodeConfig(request, context);
  const tier = encodeTier(request, context);
  const body: GenerateContentRequest = {
    ...(instructions.length > 0 && { systemInstruction: systemOf(instructions, context) }),
    contents: writer.contents,
    ...(tools.length > 0 && { tools }),
    ...(toolConfig && { toolConfig }),
    ...(generationConfig && { generationConfig }),
    ...(tier && { serviceTier: tier }),
    ...own,
  };
  return body;
}

/** Names of service tiers; the ones that are a service's usual are not said. */
const tiers: Readonly<Record<string, "flex" | "priority" | "standard">> = {
  flex: "flex",
  priority: "priority",
  default: "standard",
};

function encodeTier({ service_tier: tier }: ChatRequest, context: CodecContext) {
  if (tier == null || tier === "auto") return undefined;
  const said = tiers[tier];
  if (!said) context.drop("service_tier");
  return said;
}

function systemOf(messages: readonly InstructionMessage[], context: CodecContext): Content {
  const parts = messages.flatMap((message) => userParts(message.content, context));
  const role = messages[0] && ownOf(messages[0])?.["role"];
  return { ...(typeof role === "string" && { role }), parts };
}

/** The parts of what is not the model's. */
function userParts(content: string | ContentPart[], context: CodecContext): Fields[] {
  if (typeof content === "string") return [{ text: content }];
  return partsOf(content).flatMap((part): Fields[] => {
    if (part.type === "text") return [{ text: part.text, ...ownOf(part) }];
    if (part.type === "refusal") return [{ text: part.refusal }];
    if (isMediaPart(part)) {
      const media = encodeMedia(part, context);
      return media ? [media] : [];
    }
    if (part.protocol === "gemini") return [part.value];
    context.drop(`messages.content.${part.protocol}`);
    return [];
  });
}

/** Puts messages into contents: neighbours of one kind together, and each call with a result before the talk goes on. */
class ContentsWriter {
  readonly contents: Content[] = [];
  readonly #context: CodecContext;
  readonly #signed: boolean;
  #kind: ReturnType<typeof kindOf> | undefined;
  /** Names of all calls so far, by id. */
  readonly #names = new Map<string, string>();
  /** Ids of the last turn's calls that have no result yet. */
  readonly #open = new Set<string>();

  constructor(context: CodecContext) {
    this.#context = context;
    this.#signed = isThirdGeneration(context.model);
  }

  add(message: ChatMessage): void {
    if (message.role === "tool") this.#addResult(message);
    else {
      this.#closeCalls();
      if (message.role === "assistant") this.#addModel(message);
      else this.#append(message, this.#userParts(message));
    }
  }

  /** Instructions in the middle stay where they are: marked as such, in what the user says. */
  #userParts(message: Exclude<ChatMessage, AssistantMessage | ToolMessage>): Fields[] {
    const parts = userParts(message.content, this.#context);
    if (message.role === "user") return parts;
    return parts.map((part) =>
      typeof part["text"] === "string" ? { ...part, text: `<system>\n${part["text"]}\n</system>` } : part,
    );
  }

  #addModel(message: AssistantMessage): void {
    const writing = { thoughts: false, carry: false, signed: this.#signed };
    this.#append(message, messageParts(message, this.#context, writing));
    for (const call of message.tool_calls ?? []) {
      this.#names.set(call.id, call.type === "custom" ? call.custom.name : call.function.name);
      this.#open.add(call.id);
    }
  }

  #addResult(message: ToolMessage): void {
    this.#open.delete(message.tool_call_id);
    const name = this.#names.get(message.tool_call_id) ?? message.tool_call_id;
    this.#append(message, encodeResult(message, name, this.#context));
  }

  #closeCalls(): void {
    for (const id of this.#open) {
      const parts = [missingResult(id, this.#names.get(id) ?? id)];
      this.#append({ role: "tool", tool_call_id: id, content: "" }, parts);
    }
    this.#open.clear();
  }

  #append(message: ChatMessage, parts: Fields[]): void {
    const kind = kindOf(message);
    const own = ownOf(message);
    const together = own?.["content"] ? own["content"] === "same" : kind === this.#kind;
    const last = this.contents.at(-1);
    if (together && last) last.parts?.push(...parts);
    else if (parts.length > 0) {
      const given = own && "role" in own ? own["role"] : undefined;
      const role = given === undefined ? (kind === "model" ? "model" : "user") : given;
      this.contents.push({ ...(typeof role === "string" && { role }), parts: [...parts] });
    }
    if (parts.length > 0) this.#kind = kind;
  }
}
