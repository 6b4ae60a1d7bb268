import type { Upstream } from "../cell.ts";

export const anthropic: Upstream = {
  name: "anthropic",
  model: "claude-sonnet-4-5",
  config: (mockURL, key) => ({ provider: "anthropic", baseURL: mockURL, key }),
};
