import { answerAsOpenAI, isReasonedChat } from "../answers/openai-chat.ts";
import type { Upstream } from "../cell.ts";

/** The API of version 1, which is the default. */
export const azure: Upstream = {
  name: "azure",
  model: "gpt-5.1",
  config: (mockURL, key) => ({
    provider: "azure",
    baseURL: mockURL,
    key,
  }),
  answer: (asked) => (isReasonedChat(asked) ? answerAsOpenAI(asked) : undefined),
};
