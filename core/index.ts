/** What plugins, presets and embedders may use. Everything else in core is internal. */
export { addressGroup, addressMatcher, addressRange } from "./address.ts";
export { ConfigError, describeProblem, formatPath } from "./config-error.ts";
export type { ConfigProblem } from "./config-error.ts";
export type { AnswerFacts, Call, Caller, Outcome } from "./call.ts";
export type {
  GatewayConfig,
  KeyConfig,
  OnClientGone,
  PluginEntry,
  ServerConfig,
  UpstreamConfig,
} from "./config.ts";
export type { GatewayContext, GatewayHooks, InnerCall, Log } from "./context.ts";
export {
  credentialHeaders,
  readKeyProtocol,
  readKeyQuery,
  requireAdmin,
  stripKeyProtocol,
  stripKeyQuery,
} from "./credentials.ts";
export type { CredentialPlaces } from "./credentials.ts";
export { duration, size } from "./duration.ts";
export { createGateway } from "./gateway.ts";
export type { Gateway, GatewayOptions } from "./gateway.ts";
export type { Explanation, ExplainedTarget, ExplainQuery } from "./explain.ts";
export { replaceTopLevelString } from "./json.ts";
export { discard } from "./discard.ts";
export { StreamReaderBase } from "./stream-reader.ts";
export { badAnswer, badRequest, errorType, GatewayError, plainErrorBody } from "./errors.ts";
export type { GatewayErrorInit } from "./errors.ts";
export { matcher, wildcard } from "./glob.ts";
export { limitList, limitTexts, parseLimits } from "./limits.ts";
export type { Limit } from "./limits.ts";
export { createLineWriter } from "./lines.ts";
export type { LineSink, LineWriter, LineWriterOptions } from "./lines.ts";
export { fileSink, stdoutIsTerminal, stdoutSink } from "./lines.node.ts";
export { maskKeys, maskSecrets } from "./mask.ts";
export { stages } from "./pipeline.ts";
export type { Stage } from "./pipeline.ts";
export { isFields, parseFields, textsIn } from "./fields.ts";
export type { Fields } from "./fields.ts";
export { setHeader } from "./headers.ts";
export { definePlugin } from "./plugin.ts";
export type { Middleware, Next, Plugin, PluginParts } from "./plugin.ts";
export { defineProtocol } from "./protocol.ts";
export type {
  Endpoint,
  ListedModel,
  Operation,
  PromptMessage,
  Protocol,
  RequestFacts,
  StreamReader,
  Takes,
} from "./protocol.ts";
export * from "./chat.ts";
export type * from "./neutral.ts";
export { effortBudgets, effortOf, reasoningOf } from "./reasoning.ts";
export type { ReasoningWish } from "./reasoning.ts";
export { newToolId, toolId } from "./tool-id.ts";
export type {
  AnswerContext,
  Codec,
  CodecContext,
  Codecs,
  FrameReader,
  StreamCodec,
  StreamDecoder,
  StreamEncoder,
  StreamEvent,
  UpstreamFailure,
} from "./codec.ts";
export { ndjsonFrames, sseFrames } from "./translate/frames.ts";
export { ChunkJoiner, chunksOf } from "./translate/join.ts";
export { serves, spokenProtocol } from "./translate/spoken.ts";
export { defineProvider } from "./provider.ts";
export type { Attempted, Provider, Unwrapper } from "./provider.ts";
export type {
  Counters,
  Settlement,
  State,
  StateOptions,
  TakeResult,
  Window,
  WindowState,
} from "./state/index.ts";
export type { Attempt, Candidate, OfferedModel, Target, Upstream } from "./upstream.ts";
export { totalTokens } from "./usage.ts";
export type { Usage } from "./usage.ts";
export type { HeaderPairs, Timeouts } from "./transport/types.ts";
