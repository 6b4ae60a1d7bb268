import { definePlugin, defineProvider, setHeader } from "../../core/index.ts";

/** The API version that Anthropic asks for. Source: Anthropic API reference, versioning. */
const version = "2023-06-01";

/** Anthropic's API; `baseURL` is without the version. Source: Anthropic API reference. */
const provider = defineProvider({
  name: "anthropic",
  baseURL: "https://api.anthropic.com",
  protocols: { chat: "anthropic", "count-tokens": "anthropic" },
  url({ call, target, search }) {
    return target.upstream.baseURL + call.rest + search;
  },
  authenticate(headers, { key }) {
    headers.push("x-api-key", key ?? "");
  },
  prepare({ headers }, { call }) {
    const asked = call.request.headers.get("anthropic-version");
    if (asked === null && call.endpoint) setHeader(headers, "anthropic-version", version);
  },
});

export default definePlugin({ name: "providers/anthropic", setup: () => ({ provider }) });
