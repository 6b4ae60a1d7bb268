import { definePlugin, defineProvider } from "../../../core/index.ts";
import type {
  AccessTokens,
  Attempted,
  GatewayContext,
  Provider,
  Target,
  Upstream,
} from "../../../core/index.ts";
import * as v from "valibot";
import { reasoningOverResponses } from "../_openai-reasoning.ts";
import { entraTokens } from "./entra.ts";

const text = v.pipe(v.string(), v.nonEmpty());

const options = v.strictObject({
  resource: v.pipe(
    v.optional(text),
    v.description("Name of the resource: `https://{resource}.openai.azure.com`. Default the base URL."),
  ),
  apiVersion: v.pipe(
    v.optional(text, "v1"),
    v.description(
      "`v1`, `preview` (of v1), or a dated version such as `2024-10-21`, which has a path for each deployment.",
    ),
  ),
  deployments: v.pipe(
    v.optional(v.record(v.string(), text), {}),
    v.description("Names of deployments by model, where they are called otherwise."),
  ),
  reasoningText: v.pipe(
    v.optional(v.boolean()),
    v.description(
      "What asks for a reasoning model's thoughts goes to Responses, which alone tell them. Default with `v1` and `preview`.",
    ),
  ),
  entra: v.pipe(
    v.optional(
      v.strictObject({
        tenant: v.pipe(text, v.description("Directory (tenant) ID.")),
        clientId: v.pipe(text, v.description("Application (client) ID.")),
        clientSecret: v.pipe(text, v.description("The application's secret.")),
        scope: v.pipe(
          v.optional(text, "https://cognitiveservices.azure.com/.default"),
          v.description("What the token is for."),
        ),
        tokenURL: v.pipe(v.optional(text), v.description("Where tokens are asked for. Default Microsoft's.")),
      }),
    ),
    v.description("Microsoft Entra ID: used where the upstream has no key."),
  ),
});

type AzureOptions = v.InferOutput<typeof options>;

/** Operations whose dated paths have no deployment in them. */
const withoutDeployment =
  /^\/(responses|realtime|models|files|uploads|batches|fine_tuning|vector_stores|assistants|threads)\b/;

/**
 * Azure OpenAI, and the models of Azure AI Foundry: `baseURL` is the resource's host.
 * Source: Azure OpenAI REST API reference, API version lifecycle.
 */
const service = {
  name: "azure",
  options,
  baseURL(given) {
    const { resource } = given as AzureOptions;
    return resource === undefined ? undefined : `https://${resource}.openai.azure.com`;
  },
  protocols: {
    chat: ["openai-chat", "openai-responses"],
    embeddings: "openai-chat",
    image: "openai-chat",
    "image-edit": "openai-chat",
    speech: "openai-chat",
    transcription: "openai-chat",
    translation: "openai-chat",
    realtime: "openai-chat",
    "realtime-sessions": "openai-chat",
    files: "openai-chat",
    uploads: "openai-chat",
    batches: "openai-chat",
    "fine-tuning": "openai-chat",
    "vector-stores": "openai-chat",
  },
  url(attempt) {
    const { apiVersion } = optionsOf(attempt.target);
    // The base URL may be written as the documentation has it for OpenAI's own clients.
    const base = attempt.target.upstream.baseURL.replace(/\/openai(\/v1)?$/, "");
    const path = attempt.path.replace(/^\/v1(?=\/)/, "");
    if (apiVersion === "v1") return `${base}/openai/v1${path}${searchOf(attempt)}`;
    if (apiVersion === "preview") return `${base}/openai/v1${path}${searchOf(attempt, "preview")}`;
    return datedURL(base, path, attempt, apiVersion);
  },
  ownCredentials: true,
  adapt(body, { target }) {
    const deployment = deploymentOf(target);
    const isNamed = typeof body["model"] === "string" && deployment !== undefined;
    return isNamed && body["model"] !== deployment ? { ...body, model: deployment } : undefined;
  },
} satisfies Omit<Provider, "authenticate">;

export default definePlugin({
  name: "providers/azure",
  setup: (_options, gateway) => ({
    provider: defineProvider({
      ...service,
      ...reasoningOverResponses(tellsReasoning, gateway.clock),
      authenticate: authenticator(gateway),
    }),
  }),
});

function authenticator(gateway: GatewayContext): Provider["authenticate"] {
  const tokens = new WeakMap<Upstream, AccessTokens>();
  return (headers, target) => {
    const { key, upstream } = target;
    const { entra } = optionsOf(target);
    if (key !== undefined) headers.push("api-key", key);
    if (key !== undefined || !entra) return undefined;
    const known = tokens.get(upstream) ?? entraTokens(entra, upstream.proxy, gateway.state);
    tokens.set(upstream, known);
    const token = known.token();
    const add = (value: string): void => void headers.push("authorization", `Bearer ${value}`);
    return typeof token === "string" ? add(token) : token.then(add);
  };
}

function tellsReasoning({ options: given }: Upstream): boolean {
  const { apiVersion, reasoningText } = given as AzureOptions;
  return reasoningText ?? (apiVersion === "v1" || apiVersion === "preview");
}

function optionsOf({ upstream }: Target): AzureOptions {
  return upstream.options as AzureOptions;
}

function deploymentOf(target: Target): string | undefined {
  const { model } = target;
  return model === undefined ? undefined : (optionsOf(target).deployments[model] ?? model);
}

function datedURL(base: string, path: string, attempt: Attempted, version: string): string {
  const deployment = encodeURIComponent(deploymentOf(attempt.target) ?? "");
  const place =
    withoutDeployment.test(path) || deployment === "" ? path : `/deployments/${deployment}${path}`;
  return `${base}/openai${place}${searchOf(attempt, version)}`;
}

/** The query with the API's version, and for realtime with the deployment's name as that version calls it. */
function searchOf({ operation, search, target }: Attempted, version?: string): string {
  const given = search
    .slice(1)
    .split("&")
    .filter((part) => part !== "" && !part.startsWith("api-version="));
  const deployment = deploymentOf(target);
  const isDated = version !== undefined && version !== "preview";
  const parts = given.map((part) => {
    if (operation !== "realtime" || !part.startsWith("model=") || deployment === undefined) return part;
    return `${isDated ? "deployment" : "model"}=${encodeURIComponent(deployment)}`;
  });
  if (version !== undefined) parts.unshift(`api-version=${encodeURIComponent(version)}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
