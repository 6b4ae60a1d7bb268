import { isFields } from "../../../core/index.ts";
import type { Fields, Upstream } from "../../../core/index.ts";

type Get = (path: string, search?: string) => Promise<Fields>;

/**
 * The models that can be called as they are, and the inference profiles, through which all others are called.
 * Source: Amazon Bedrock API reference, ListFoundationModels and ListInferenceProfiles.
 */
export async function listModels({ baseURL }: Upstream, get: Get): Promise<string[]> {
  const place = controlPlane(baseURL);
  const { modelSummaries } = await get(`${place}/foundation-models`);
  const models = fieldsIn(modelSummaries)
    .filter(({ inferenceTypesSupported: types }) => Array.isArray(types) && types.includes("ON_DEMAND"))
    .map(({ modelId }) => modelId);
  const profiles: unknown[] = [];
  let search: string | undefined = "?maxResults=1000";
  while (search !== undefined) {
    const { inferenceProfileSummaries, nextToken } = await get(`${place}/inference-profiles`, search);
    for (const { inferenceProfileId, status } of fieldsIn(inferenceProfileSummaries)) {
      if (status === "ACTIVE") profiles.push(inferenceProfileId);
    }
    const more = typeof nextToken === "string" && nextToken !== "";
    search = more ? `?maxResults=1000&nextToken=${encodeURIComponent(nextToken)}` : undefined;
  }
  return [...models, ...profiles].filter((name) => typeof name === "string");
}

/** The models are called at one host and listed at another; a base URL of neither is asked for both. */
function controlPlane(baseURL: string): string {
  return baseURL.replace(/^(https?:\/\/)bedrock-runtime\b/, "$1bedrock");
}

function fieldsIn(list: unknown): Fields[] {
  return Array.isArray(list) ? list.filter(isFields) : [];
}
