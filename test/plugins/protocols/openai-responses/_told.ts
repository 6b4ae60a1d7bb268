import type { ChatAnswer } from "../../../../core/index.ts";

const endings: Record<string, string> = { length: "max_output_tokens", content_filter: "content_filter" };

/** What is added to a neutral answer by being told in this protocol: its id, the end in its own word, details of usage. */
export function told(answer: ChatAnswer): ChatAnswer {
  return {
    ...answer,
    id: "resp_00000000000040008000000000000001",
    choices: answer.choices.map((choice) => ({
      ...choice,
      native_finish_reason: endings[choice.finish_reason] ?? "completed",
    })),
    ...(answer.usage && {
      usage: {
        ...answer.usage,
        prompt_tokens_details: {
          cached_tokens: 0,
          cache_write_tokens: 0,
          ...answer.usage.prompt_tokens_details,
        },
        completion_tokens_details: { reasoning_tokens: 0, ...answer.usage.completion_tokens_details },
      },
    }),
  };
}

/** Without what only this protocol says: what is told again of the request; ids and statuses of items. */
export function withoutOwn<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (key, one: unknown) =>
    key === "extensions" ? undefined : one,
  ) as T;
}
