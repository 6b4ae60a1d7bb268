import type {
  ContentBlock,
  ConverseRequest,
  ConverseResponse,
  ConverseStreamOutput,
  InferenceConfiguration,
  Message,
  OutputConfig,
  SystemContentBlock,
  TokenUsage,
  Tool,
  ToolConfiguration,
  ToolResultBlock,
  ToolUseBlock,
} from "@aws-sdk/client-bedrock-runtime";

/** JSON of any shape, as the SDK types it. */
export type Json = Exclude<ToolUseBlock["input"], undefined>;

/** A shape of the SDK as it travels: bytes are base64. */
type Wire<T> = T extends Uint8Array
  ? string
  : T extends Json | undefined
    ? T
    : T extends (infer Item)[]
      ? Wire<Item>[]
      : T extends object
        ? { [Key in keyof T]: Wire<T[Key]> }
        : T;

export type WireBlock = Wire<ContentBlock>;
export type WireInference = Wire<InferenceConfiguration>;
export type WireMessage = Wire<Message>;
export type WireOutputConfig = Wire<OutputConfig>;
export type WireSystemBlock = Wire<SystemContentBlock>;
export type WireTool = Wire<Tool>;
export type WireToolConfig = Wire<ToolConfiguration>;
export type WireToolResult = Wire<ToolResultBlock>;
export type WireUsage = Wire<TokenUsage>;
/** The model's name stands in the path. */
export type WireRequest = Omit<Wire<ConverseRequest>, "modelId">;
export type WireAnswer = Wire<ConverseResponse>;

/** The members of a union of events, by name. */
type EventsOf<T> = T extends unknown
  ? { [Key in keyof T as [T[Key]] extends [undefined] ? never : Key]: NonNullable<T[Key]> }
  : never;
type Both<T> = (T extends unknown ? (one: T) => void : never) extends (all: infer All) => void ? All : never;

/** A stream's events by their names. */
export type WireEvents = Wire<Omit<Both<EventsOf<ConverseStreamOutput>>, "$unknown">>;
