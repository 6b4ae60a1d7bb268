import { definePlugin, defineProvider } from "../../core/index.ts";

/** Any HTTP service behind a prefix. The key goes as a Bearer token unless `keyHeader` says otherwise. */
const provider = defineProvider({
  name: "generic",
  protocols: {},
  url({ path, target, search }) {
    return target.upstream.baseURL + path + search;
  },
  authenticate(headers, { key }) {
    headers.push("authorization", `Bearer ${key}`);
  },
});

export default definePlugin({ name: "providers/generic", setup: () => ({ provider }) });
