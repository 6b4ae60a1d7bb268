import { definePlugin, defineProvider, setHeader } from "../../../core/index.ts";
import type { Attempted } from "../../../core/index.ts";
import { claudeBody, isClaude, isClaudeCall, unwrapClaude } from "./claude.ts";
import { credentialsOf, inRegion, isAccessKey, options, regionOf, regionsIn } from "./credentials.ts";
import type { BedrockOptions } from "./credentials.ts";
import { listModels } from "./models.ts";
import { removeWhere, sign } from "./signature.ts";

/**
 * Amazon Bedrock's runtime, with a Bedrock API key or with signed requests. Claude's own body goes to Claude as it
 * is; all else is Converse. Source: Amazon Bedrock API reference.
 */
const provider = defineProvider({
  name: "bedrock",
  options,
  baseURL(given) {
    const [region] = regionsIn(given as BedrockOptions);
    if (region === undefined) return undefined;
    return `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  },
  protocols: { chat: "bedrock-converse", invoke: "bedrock-converse", embeddings: "bedrock-invoke" },
  protocolsFor(operation, model) {
    return operation === "chat" && isClaude(model) ? ["bedrock-converse", "anthropic"] : undefined;
  },
  regions(upstream) {
    const regions = regionsIn(upstream.options as BedrockOptions);
    return upstream.regions ?? (regions.length > 1 ? regions : []);
  },
  url: (attempt) => inRegion(attempt.target.upstream.baseURL, attempt.target) + pathOf(attempt),
  forwardURL: ({ target }, rest, search) =>
    inRegion(target.upstream.forwardURL, target) + encodeModel(rest) + search,
  ownCredentials: true,
  authenticate(headers, target, url) {
    const { key } = target;
    if (key !== undefined && !isAccessKey(key)) headers.push("authorization", `Bearer ${key}`);
    const credentials = url === undefined ? undefined : credentialsOf(target);
    if (url === undefined || !credentials) return undefined;
    return sign({ method: "GET", url, headers, body: null, region: regionOf(target), credentials });
  },
  listModels,
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
