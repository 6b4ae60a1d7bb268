import { definePlugin, defineProvider, setHeader } from "../../../core/index.ts";
import type { Attempted } from "../../../core/index.ts";
import { claudeBody, isClaude, isClaudeCall, unwrapClaude } from "./claude.ts";
import { credentialsOf, isAccessKey, options, regionOf } from "./credentials.ts";
import type { BedrockOptions } from "./credentials.ts";
import { removeWhere, sign } from "./signature.ts";

/**
 * Amazon Bedrock's runtime, with a Bedrock API key or with signed requests. Claude's own body goes to Claude as it
 * is; all else is Converse. Source: Amazon Bedrock API reference.
 */
const provider = defineProvider({
  name: "bedrock",
  options,
  baseURL(given) {
    const { region } = given as BedrockOptions;
    if (region === undefined) return undefined;
    return `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  },
  protocols: { chat: "bedrock-converse", invoke: "bedrock-converse", embeddings: "bedrock-invoke" },
  protocolsFor(operation, model) {
    return operation === "chat" && isClaude(model) ? ["bedrock-converse", "anthropic"] : undefined;
  },
  url: (attempt) => attempt.target.upstream.baseURL + pathOf(attempt),
  forwardURL: ({ target }, rest, search) => target.upstream.forwardURL + encodeModel(rest) + search,
  ownCredentials: true,
  authenticate(headers, { key }) {
    if (key !== undefined && !isAccessKey(key)) headers.push("authorization", `Bearer ${key}`);
  },
  adapt: (body, attempt) => (isClaudeCall(attempt) ? claudeBody(body, attempt) : undefined),
  async prepare({ headers, body }, attempt) {
    const { call, target } = attempt;
    if (isClaudeCall(attempt)) {
      removeWhere(headers, (name) => name.startsWith("anthropic-"));
      setHeader(headers, "content-type", "application/json");
      // Its events are read here.
      setHeader(headers, "accept-encoding", "identity");
    }
    const credentials = call.caller?.ownKey ? undefined : credentialsOf(target);
    if (!credentials) return;
    const url =
      call.prefix === undefined
        ? provider.url(attempt)
        : provider.forwardURL(attempt, call.rest, attempt.search);
    await sign({ method: call.method, url, headers, body, region: regionOf(target), credentials });
  },
  unwrap: (answer, attempt) => (isClaudeCall(attempt) ? unwrapClaude(answer, attempt) : undefined),
});

export default definePlugin({ name: "providers/bedrock", setup: () => ({ provider }) });

function pathOf(attempt: Attempted): string {
  if (!isClaudeCall(attempt)) return encodeModel(attempt.path) + attempt.search;
  const way = attempt.stream ? "invoke-with-response-stream" : "invoke";
  return `/model/${encodeURIComponent(attempt.target.model ?? "")}/${way}`;
}

/** The model's name in the path with every character encoded that is not plain: so it is signed. */
function encodeModel(path: string): string {
  return path.replace(/^\/model\/(.+)\/([\w-]+)$/, (whole: string, model: string, action: string) => {
    try {
      return `/model/${encodeURIComponent(decodeURIComponent(model))}/${action}`;
    } catch {
      return whole;
    }
  });
}
