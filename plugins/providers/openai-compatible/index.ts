import { definePlugin, defineProvider, textsIn } from "../../../core/index.ts";
import type { Attempted, Fields, Operation, Provider, Takes, Upstream } from "../../../core/index.ts";
import { adaptBody } from "./adapt.ts";
import type { Vendor } from "./vendor.ts";
import { vendors } from "./vendors.ts";

/** Every vendor of the table as a provider of its own. */
export default definePlugin({
  name: "providers/openai-compatible",
  setup: () => ({ provider: vendors.map(toProvider) }),
});

/** Protocols of operations where that is not `openai-chat`. */
const otherProtocols: Partial<Record<Operation, string>> = { rerank: "rerank" };

/** The provider that a row describes. */
export function toProvider(vendor: Vendor): Provider {
  const { name, baseURL, chat = [], operations = [], quirks } = vendor;
  const takes = takesOf(vendor);
  return defineProvider({
    name,
    ...(baseURL !== undefined && { baseURL }),
    ...(takes && { takes }),
    protocols: {
      chat: ["openai-chat", ...chat],
      models: "openai-chat",
      ...Object.fromEntries(operations.map((one) => [one, otherProtocols[one] ?? "openai-chat"])),
    },
    url: ({ path, target, search }: Attempted) =>
      urlOf(vendor, target.upstream, path.replace(/^\/v1(?=\/)/, "")) + search,
    authenticate(headers, { key }) {
      headers.push("authorization", `Bearer ${key}`);
    },
    ...(vendor.listsModels !== false && {
      listModels: async (upstream, get) =>
        textsIn((await get(urlOf(vendor, upstream, "/models")))["data"], "id"),
    }),
    ...(quirks && {
      adapt(body: Fields, { operation, protocol, translated, target }: Attempted) {
        // Quirks are those of chats in OpenAI's shape.
        if (operation !== "chat" || protocol?.name !== "openai-chat") return undefined;
        const { strict, name: upstream } = target.upstream;
        return adaptBody(body, quirks, { translated, ...(strict && translated && { strict: upstream }) });
      },
    }),
  });
}

/** What the neutral shape's codec may leave in for `adapt` to say in the vendor's words. */
function takesOf({ takes = [], prefill, quirks }: Vendor): Takes | undefined {
  const { reasoning } = quirks ?? {};
  const said = reasoning && reasoning !== "effort" && reasoning !== "none" ? ["reasoning"] : [];
  const extensions = [...said, ...takes];
  if (extensions.length === 0 && prefill === undefined) return undefined;
  return { extensions, ...(prefill !== undefined && { prefill }) };
}

/** @param rest The path behind the version. */
function urlOf({ paths }: Vendor, { baseURL }: Upstream, rest: string): string {
  for (const [from, to] of Object.entries(paths ?? {})) {
    const isIt = rest === from || rest.startsWith(`${from}/`);
    if (isIt) return new URL(baseURL).origin + to + rest.slice(from.length);
  }
  return baseURL + rest;
}
