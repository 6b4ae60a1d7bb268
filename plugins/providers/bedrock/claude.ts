import { badAnswer, GatewayError, isFields, parseFields, upstreamBytes } from "../../../core/index.ts";
import type {
  Attempted,
  Fields,
  FrameReader,
  Protocol,
  StreamEvent,
  Unwrapper,
} from "../../../core/index.ts";
import { optionsOf } from "./credentials.ts";

/** The version of Anthropic's API that Bedrock asks for. Source: Amazon Bedrock user guide, Anthropic Claude Messages API. */
const version = "bedrock-2023-05-31";

/** Beta flags that Bedrock takes; any other is refused there. Source: the same, request (2026-11). */
const betas: ReadonlySet<string> = new Set([
  "computer-use-2024-10-22",
  "computer-use-2025-01-24",
  "computer-use-2025-11-24",
  "token-efficient-tools-2025-02-19",
  "interleaved-thinking-2025-05-14",
  "output-128k-2025-02-19",
  "dev-full-thinking-2025-05-14",
  "context-1m-2025-08-07",
  "context-management-2025-06-27",
  "effort-2025-11-24",
  "fine-grained-tool-streaming-2025-05-14",
  "tool-search-tool-2025-10-19",
  "tool-examples-2025-10-29",
]);

const decoder = new TextDecoder();

/** True for an attempt that speaks Claude's own body. */
export function isClaudeCall({ protocol, translated, call }: Attempted): boolean {
  return protocol?.name === "anthropic" && !translated && call.prefix === undefined;
}

export function isClaude(model: string): boolean {
  return /anthropic\.|claude/.test(model);
}

/** A body of Anthropic's API as Bedrock takes it: the model is in the path, and so is whether it streams. */
export function claudeBody(body: Fields, { call, target }: Attempted): Fields {
  const { model: _model, stream: _stream, anthropic_version: given = version, ...rest } = body;
  const asked = (call.request.headers.get("anthropic-beta") ?? "").split(",").map((flag) => flag.trim());
  const own = Array.isArray(rest["anthropic_beta"]) ? (rest["anthropic_beta"] as unknown[]) : [];
  const more = optionsOf(target).betas;
  const flags = new Set([...own, ...asked.filter((flag) => betas.has(flag) || more.includes(flag))]);
  return { anthropic_version: given, ...rest, ...(flags.size > 0 && { anthropic_beta: [...flags] }) };
}

/** Claude's answers as Anthropic's API gives them: its events out of Amazon's event stream, errors in its shape. */
export function unwrapClaude(
  { status, contentType }: { status: number; contentType: string },
  { call, protocol }: Attempted,
): Unwrapper | undefined {
  const bedrock = call.gateway.protocols.get("bedrock-converse");
  if (!protocol || !bedrock?.frames || !bedrock.readError) return undefined;
  if (status >= 400) return new ErrorUnwrapper(protocol, bedrock, status);
  if (contentType !== "application/vnd.amazon.eventstream") return undefined;
  return new EventUnwrapper(bedrock, bedrock.frames());
}

/** The most bytes of an error that are read. */
const errorLimit = 64 * 1024;

class ErrorUnwrapper implements Unwrapper {
  readonly contentType = "application/json";
  readonly #protocol: Protocol;
  readonly #bedrock: Protocol;
  readonly #status: number;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(protocol: Protocol, bedrock: Protocol, status: number) {
    this.#protocol = protocol;
    this.#bedrock = bedrock;
    this.#status = status;
  }

  push(bytes: Uint8Array): string {
    if (this.#text.length < errorLimit) this.#text += this.#decoder.decode(bytes, { stream: true });
    return "";
  }

  end(): { text: string; complete: boolean } {
    const failure = this.#bedrock.readError?.(parseFields(this.#text) ?? {}, this.#status);
    const message = failure?.message ?? `The upstream answered with status ${this.#status}.`;
    const error = new GatewayError(message, {
      status: this.#status,
      code: failure?.code ?? "upstream_error",
    });
    return { text: this.#protocol.renderError(error), complete: true };
  }
}

class EventUnwrapper implements Unwrapper {
  readonly contentType = "text/event-stream";
  readonly #bedrock: Protocol;
  readonly #frames: FrameReader;
  #ended = false;

  constructor(bedrock: Protocol, frames: FrameReader) {
    this.#bedrock = bedrock;
    this.#frames = frames;
  }

  push(bytes: Uint8Array): string {
    return this.#write(this.#frames.push(bytes));
  }

  end(): { text: string; complete: boolean } {
    return { text: this.#write(this.#frames.end()), complete: this.#ended };
  }

  #write(events: readonly StreamEvent[]): string {
    return events.map((event) => this.#event(event)).join("");
  }

  #event({ event, data }: StreamEvent): string {
    const body = parseFields(data) ?? {};
    if (event !== "chunk") return this.#other(event ?? "", body);
    if (typeof body["bytes"] !== "string") throw badAnswer("an event of its stream holds no bytes");
    const json = decoder.decode(upstreamBytes(body["bytes"]));
    const type = /^\{"type":"(\w+)"/.exec(json)?.[1] ?? String(parseFields(json)?.["type"]);
    if (type === "message_stop") this.#ended = true;
    return `event: ${type}\ndata: ${json}\n\n`;
  }

  /** An exception breaks the stream; anything else is no part of Anthropic's. */
  #other(event: string, body: Fields): string {
    if (event !== "error" && !event.toLowerCase().endsWith("exception")) return "";
    const type = event === "error" && typeof body["code"] === "string" ? body["code"] : event;
    const failure = this.#bedrock.readError?.({ ...(isFields(body) && body), __type: type }, 200);
    throw new GatewayError(failure?.message ?? type, {
      status: failure?.status ?? 502,
      code: failure?.code ?? type,
      retryable: true,
    });
  }
}
