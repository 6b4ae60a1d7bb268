import type { Upstream } from "../cell.ts";

export const vertexGemini: Upstream = {
  name: "vertex-gemini",
  model: "gemini-2.5-pro",
  config: (mockURL, key) => ({
    provider: "vertex",
    baseURL: mockURL,
    key,
    options: { project: "matrix", location: "europe-west6" },
  }),
};
