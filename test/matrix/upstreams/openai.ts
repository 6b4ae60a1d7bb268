import { answerAsOpenAI, isReasonedChat } from "../answers/openai-chat.ts";
import type { Upstream } from "../cell.ts";

export const openai: Upstream = {
  name: "openai",
  model: "gpt-5.1",
  config: (mockURL, key) => ({
    provider: "openai",
    baseURL: `${mockURL}/v1`,
    key,
    // As it is at OpenAI's own address.
    options: { reasoningText: true },
  }),
  answer: (asked) => (isReasonedChat(asked) ? answerAsOpenAI(asked) : undefined),
};
