import type { Upstream } from "../cell.ts";

export const cloudflare: Upstream = {
  name: "cloudflare",
  model: "@cf/qwen/qwen3-30b-a3b-fp8",
  config: (mockURL, key) => ({
    provider: "cloudflare",
    baseURL: `${mockURL}/client/v4/accounts/matrix/ai`,
    key,
  }),
};
