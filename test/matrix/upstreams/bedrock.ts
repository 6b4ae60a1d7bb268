import type { Upstream } from "../cell.ts";

/** aimock answers with Anthropic's errors here; ours are as Amazon documents them. */
export const bedrock: Upstream = {
  name: "bedrock",
  model: "amazon.nova-2-lite-v1:0",
  config: (mockURL, key) => ({ provider: "bedrock", baseURL: mockURL, key }),
  answer({ reply: { error } }) {
    if (!error) return undefined;
    const headers = {
      "x-amzn-errortype": error.status === 429 ? "ThrottlingException" : "ValidationException",
    };
    return { status: error.status, headers, body: JSON.stringify({ message: error.message }) };
  },
};
