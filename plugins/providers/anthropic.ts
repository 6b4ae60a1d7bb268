import { definePlugin, defineProvider, isFields, setHeader } from "../../core/index.ts";
import type { HeaderPairs } from "../../core/index.ts";

/** The API version that Anthropic asks for. Source: Anthropic API reference, versioning. */
const version = "2023-06-01";
const versionHeader = "anthropic-version";

/** The most models that a list is read to. */
const listLimit = 10_000;

/** Anthropic's API; `baseURL` is without the version. Source: Anthropic API reference. */
const provider = defineProvider({
  name: "anthropic",
  baseURL: "https://api.anthropic.com",
  protocols: { chat: "anthropic", "count-tokens": "anthropic" },
  url({ path, target, search }) {
    return target.upstream.baseURL + path + search;
  },
  authenticate(headers, { key }) {
    headers.push("x-api-key", key ?? "");
    // The gateway's own requests have no client that would name one.
    if (!hasVersion(headers)) headers.push(versionHeader, version);
  },
  prepare({ headers }, { call }) {
    if (call.endpoint && !hasVersion(headers)) setHeader(headers, versionHeader, version);
  },
  async listModels(_upstream, get) {
    const names: string[] = [];
    let after: unknown;
    do {
      const search = typeof after === "string" ? `&after_id=${encodeURIComponent(after)}` : "";
      const page = await get("/v1/models", `?limit=1000${search}`);
      const models = Array.isArray(page["data"]) ? page["data"].filter(isFields) : [];
      for (const { id } of models) if (typeof id === "string") names.push(id);
      after = page["has_more"] === true ? page["last_id"] : undefined;
    } while (typeof after === "string" && names.length < listLimit);
    return names;
  },
});

function hasVersion(headers: HeaderPairs): boolean {
  return headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === versionHeader);
}

export default definePlugin({ name: "providers/anthropic", setup: () => ({ provider }) });
