/** What plugins, presets and embedders may use. Everything else in core is internal. */
export { checkUpstream } from "./ask-upstream.ts";
export type { CheckRequest } from "./ask-upstream.ts";
export { Canceller } from "./cancel.ts";
export { AccessTokens } from "./access-token.ts";
export type { AccessTokenOptions } from "./access-token.ts";
export { addressGroup, addressMatcher, addressRange } from "./address.ts";
export {
  base64ToBytes,
  base64ToText,
  bytesToBase64,
  textToBase64,
  upstreamBytes,
  vectorToBase64,
  vectorToNumbers,
} from "./base64.ts";
export { sealReasoning, unsealReasoning } from "./carried-reasoning.ts";
export type { CarriedReasoning } from "./carried-reasoning.ts";
export { ConfigError, describeProblem, formatPath } from "./config-error.ts";
export type { ConfigProblem } from "./config-error.ts";
export type { AnswerFacts, BrokenStream, Call, Caller, Outcome, TargetSource } from "./call.ts";
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
export { systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export { emit } from "./emit.ts";
export type { Gate, Obstacle, TargetReport, TargetRest, UpstreamCheck } from "./gate.ts";
export { obstacleOf, reportOf, unavailable } from "./gates.ts";
export type { Meaning } from "./meaning.ts";
export { parseRouteRule, routeRule, ruleMatcher } from "./route-rule.ts";
export type { RouteRule } from "./route-rule.ts";
export type { Choice, Chooser, Strategy, Turn } from "./strategy.ts";
export { RestNote } from "./rest-note.ts";
export type { Rest } from "./rest-note.ts";
export { knownTargets, targetOf, targetsOf } from "./targets.ts";
export { duration, size } from "./duration.ts";
export { createGateway } from "./gateway.ts";
export type { Gateway, GatewayOptions } from "./gateway.ts";
export type { Explanation, ExplainedTarget, ExplainQuery } from "./explain.ts";
export { replaceTopLevelString } from "./json.ts";
export { discard } from "./discard.ts";
export { StreamReaderBase } from "./stream-reader.ts";
export { badAnswer, badRequest, errorType, GatewayError, noUpstream, plainErrorBody } from "./errors.ts";
export type { GatewayErrorInit } from "./errors.ts";
export { fittingName, matcher, wildcard } from "./glob.ts";
export { hashText } from "./hash.ts";
export { limitList, limitTexts, parseLimits } from "./limits.ts";
export type { Limit } from "./limits.ts";
export { reserveTokens, usedTokens } from "./reservation.ts";
export type { TokenReservation } from "./reservation.ts";
export { createLineWriter } from "./lines.ts";
export type { LineSink, LineWriter, LineWriterOptions } from "./lines.ts";
export { fileSink, stdoutIsTerminal, stdoutSink } from "./lines.node.ts";
export { maskKeys, maskSecret, maskSecrets } from "./mask.ts";
export { stages } from "./pipeline.ts";
export type { Stage } from "./pipeline.ts";
export { isFields, otherFields, parseFields, textsIn } from "./fields.ts";
export type { Fields } from "./fields.ts";
export { ownExtensions } from "./extensions.ts";
export type { OwnExtensions } from "./extensions.ts";
export { fieldsAt, listAt, objectsAt, textAt } from "./request-fields.ts";
export { setHeader } from "./headers.ts";
export { definePlugin } from "./plugin.ts";
export type { BodyAdapter, Middleware, Next, Plugin, PluginParts } from "./plugin.ts";
export { defineProtocol } from "./protocol.ts";
export type {
  Endpoint,
  ListedModel,
  Operation,
  Prefill,
  PromptMessage,
  Protocol,
  RequestFacts,
  StreamReader,
  Takes,
} from "./protocol.ts";
export * from "./chat.ts";
export * from "./chat-content.ts";
export type * from "./neutral.ts";
export { effortBudgets, effortOf, reasoningOf, wantsReasoningText } from "./reasoning.ts";
export type { ReasoningWish } from "./reasoning.ts";
export { newToolId, toolId } from "./tool-id.ts";
export { allowedName, allowedNames, functionTool } from "./tools.ts";
export { dropUnsaid } from "./unsaid.ts";
export type { WrittenMembers } from "./unsaid.ts";
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
export {
  commonRateLimits,
  readRateLimits,
  readRetryAfter,
  setAmount,
  setResetAt,
  writeRateLimits,
} from "./rate-limits.ts";
export type { LimitKind, RateLimit, RateLimitHeaders, RateLimits } from "./rate-limits.ts";
export { defineProvider } from "./provider.ts";
export type { Attempted, Provider, Unwrapper } from "./provider.ts";
export { openExpiring } from "./state/expiring.ts";
export type { BytesFormat, ExpiringOptions, ExpiringStore } from "./state/expiring.ts";
export type {
  Board,
  Counters,
  Cursors,
  Settlement,
  State,
  StateOptions,
  TakeResult,
  Window,
  WindowState,
} from "./state/index.ts";
export type {
  Attempt,
  AttemptEnd,
  Candidate,
  LimitsByModel,
  OfferedModel,
  Target,
  Upstream,
  UpstreamKey,
} from "./upstream.ts";
export { totalTokens } from "./usage.ts";
export { version } from "./version.node.ts";
export type { Usage } from "./usage.ts";
export { settingsByUpstream } from "./upstream-settings.ts";
export type { HeaderPairs, Timeouts } from "./transport/types.ts";
