import type { Format } from "../config/foreign.ts";

const files = ["api.yaml", "api.yml"];

/** uni-api's `api.yaml`. */
export const uniAPI: Format = {
  name: "uni-api",
  files,
  variable: "CONFIG_URL",
  fits: (keys) => keys.has("api_keys") || !(keys.has("tokens") || keys.has("server")),
  reader: async () => (await import("./uni-api/format.ts")).default,
};

/** pro-api's `api.yaml`. */
export const proAPI: Format = {
  name: "pro-api",
  files,
  variable: "config_url",
  addressFirst: true,
  fits: (keys) => !keys.has("api_keys"),
  open: async (text, env) => (await import("./pro-api/decrypt.ts")).decryptConfig(text, env.secret_key),
  reader: async () => (await import("./pro-api/format.ts")).default,
};
