import type { IncomingHttpHeaders } from "node:http";

/** What a client is to ask for: each client says it in its own SDK's words. */
export interface Ask {
  system: string;
  text: string;
  /** A PNG, base64. */
  image?: string;
  tools?: readonly Tool[];
  /** The answer shall be JSON of this schema. */
  schema?: Schema;
  /** Reasoning is wished for, with its text. */
  reasoning?: boolean;
  /** The second turn: what the calls of the first, which `history` ends with, gave. */
  after?: { history: unknown; results: readonly ToolResult[] };
}

export type Schema = { type: "object" } & Record<string, unknown>;

export interface Tool {
  name: string;
  description: string;
  parameters: Schema;
}

export interface ToolCall {
  name: string;
  args: unknown;
}

/** `id` is the client's own for the call; "" where its protocol has none. */
export interface ToolResult {
  id: string;
  name: string;
  text: string;
}

/** The most tokens that every request allows. */
export const maxTokens = 8192;

/** What a client made of an answer, in words that all share. */
export interface Observation {
  text: string;
  toolCalls: (ToolCall & { id: string })[];
  reasoning: string;
  usage: { input: number | undefined; output: number | undefined };
  /** `stop` and `tool_calls` for what the protocol calls so; any other word as it came. */
  finish: string;
  /** The model's name in the answer; undefined where the protocol has no place for it. */
  model: string | undefined;
  /** How many pieces the text came in. */
  pieces: number;
  /** The conversation with this answer as its last message, in the SDK's own types. */
  history: unknown;
}

/** An error as the SDK threw it. */
export interface Failure {
  /** It is of the class that the SDK has for answers of this status. */
  own: boolean;
  status: number | undefined;
  message: string;
}

/** Where a client calls, and as whom. */
export interface Link {
  url: string;
  key: string;
  model: string;
  headers: Record<string, string>;
}

export interface Client {
  /** As the README names it. */
  name: string;
  /** Rejects with the SDK's own errors. */
  ask(link: Link, ask: Ask, stream: boolean): Promise<Observation>;
  failure(error: unknown): Failure;
}

/** One request as it came to an upstream. */
export interface Seen {
  method: string;
  /** With the query. */
  url: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

/** What an upstream was asked, in words that all protocols share. */
export interface Sent {
  system: string;
  /** Texts of the users' turns. */
  texts: string[];
  /** Base64. */
  images: string[];
  tools: { name: string; properties: string[] }[];
  calls: ToolCall[];
  /** In the order of the calls; JSON that wraps a text is taken off. */
  results: string[];
  /** The JSON schema of the answer, as an output format or as the only tool. */
  schema: { properties: string[]; required: unknown } | undefined;
  reasoning: boolean;
  maxTokens: unknown;
  stream: boolean;
}

export interface Upstream {
  /** As the README names it. */
  name: string;
  /** The model's name at the upstream. */
  model: string;
  /** The upstream's configuration, but for its models. */
  config(mockURL: string, key: string): Record<string, unknown>;
  /** The answer as the service documents it, where aimock has none or another; undefined leaves it to aimock. */
  answer?(asked: Asked): Answered | undefined;
}

/** What is asked of a server of ours. */
export interface Asked {
  /** `body` is empty while it is not here yet. */
  seen: Seen;
  reply: Reply;
  stream: boolean;
}

export interface Answered {
  status?: number;
  headers?: Record<string, string>;
  body: string;
}

/** What the model says, for whichever service. */
export interface Reply {
  content?: string;
  reasoning?: string;
  toolCalls?: readonly { id: string; name: string; arguments: string }[];
  usage: { input: number; output: number };
  error?: { status: number; message: string };
}

export const streamModes = [false, true] as const;
