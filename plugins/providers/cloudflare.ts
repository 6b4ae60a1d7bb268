import { definePlugin, defineProvider, isFields } from "../../core/index.ts";
import type { Target } from "../../core/index.ts";
import * as v from "valibot";

const text = v.pipe(v.string(), v.nonEmpty());

const options = v.strictObject({
  accountId: v.pipe(v.optional(text), v.description("The account's ID. Default the base URL.")),
  gateway: v.pipe(
    v.optional(text),
    v.description(
      "ID of an AI Gateway that calls go through; beside Workers AI it serves models of other providers.",
    ),
  ),
  gatewayToken: v.pipe(v.optional(text), v.description("Token of an AI Gateway that asks for one.")),
});

type CloudflareOptions = v.InferOutput<typeof options>;

/** Cloudflare's Workers AI, over its API or an AI Gateway. Source: Cloudflare documentation, Workers AI and AI Gateway. */
const provider = defineProvider({
  name: "cloudflare",
  options,
  baseURL(given) {
    const { accountId, gateway } = given as CloudflareOptions;
    if (accountId === undefined) return undefined;
    const account = encodeURIComponent(accountId);
    return gateway === undefined
      ? `https://api.cloudflare.com/client/v4/accounts/${account}/ai`
      : `https://gateway.ai.cloudflare.com/v1/${account}/${encodeURIComponent(gateway)}`;
  },
  protocols: { chat: "openai-chat", embeddings: "openai-chat" },
  protocolsFor(operation, model, upstream) {
    // Responses are there for OpenAI's open models only.
    const responds = operation === "chat" && model.startsWith("@cf/openai/") && !goesThroughGateway(upstream);
    return responds ? ["openai-chat", "openai-responses"] : undefined;
  },
  url({ path, search, target }) {
    const base = target.upstream.baseURL.replace(/\/v1$/, "");
    if (!goesThroughGateway(target.upstream)) return base + path + search;
    const isOwn = target.model === undefined || /^@(cf|hf)\//.test(target.model);
    return base + (isOwn ? `/workers-ai${path}` : path.replace(/^\/v1(?=\/)/, "/compat")) + search;
  },
  ownCredentials: true,
  authenticate(headers, target) {
    const { gatewayToken } = target.upstream.options as CloudflareOptions;
    if (target.key !== undefined) headers.push("authorization", `Bearer ${target.key}`);
    if (gatewayToken !== undefined) headers.push("cf-aig-authorization", `Bearer ${gatewayToken}`);
  },
  async listModels(upstream, get) {
    // A gateway has no list.
    if (goesThroughGateway(upstream) || upstream.baseURL.endsWith("/v1")) return [];
    const names: string[] = [];
    for (let page = 1; page <= 100; page++) {
      const { result } = await get("/models/search", `?per_page=100&page=${page}`);
      const models = Array.isArray(result) ? result.filter(isFields) : [];
      for (const { name, task } of models) if (isSpoken(task) && typeof name === "string") names.push(name);
      if (models.length < 100) break;
    }
    return names;
  },
});

export default definePlugin({ name: "providers/cloudflare", setup: () => ({ provider }) });

function goesThroughGateway({ options: given, baseURL }: Target["upstream"]): boolean {
  const isWhole = /\/(workers-ai|compat)(\/v1)?$/.test(baseURL);
  return (given as CloudflareOptions).gateway !== undefined && !isWhole;
}

/** Tasks that OpenAI's API has. */
function isSpoken(task: unknown): boolean {
  return isFields(task) && (task["name"] === "Text Generation" || task["name"] === "Text Embeddings");
}
