import type { Upstream } from "../cell.ts";

export const gemini: Upstream = {
  name: "gemini",
  model: "gemini-2.5-flash",
  config: (mockURL, key) => ({ provider: "gemini", baseURL: mockURL, key }),
};
