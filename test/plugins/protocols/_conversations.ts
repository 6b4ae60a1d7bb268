import type { ChatAnswer, ChatRequest } from "../../../core/index.ts";

/** A red dot, 1 × 1 pixel. */
export const redDot =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

const weather = {
  type: "function" as const,
  function: {
    name: "get_weather",
    description: "The weather of a city.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { type: "string", enum: ["c", "f"] } },
      required: ["city"],
    },
  },
};

/** Neutral requests that every chat protocol has to carry: written and read again, they are the same. */
export const requests: Record<string, ChatRequest> = {
  text: {
    model: "model-1",
    messages: [
      { role: "system", content: "Be short." },
      { role: "user", content: "Hello, Wörld 🌍" },
    ],
    max_completion_tokens: 100,
    temperature: 0.5,
    top_p: 0.9,
    stop: ["END", "STOP"],
  },
  turns: {
    model: "model-1",
    messages: [
      { role: "user", content: "One" },
      { role: "assistant", content: "Two" },
      { role: "user", content: "Three" },
    ],
    max_completion_tokens: 100,
  },
  image: {
    model: "model-1",
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } },
        ],
      },
    ],
    max_completion_tokens: 100,
  },
  tools: {
    model: "model-1",
    messages: [
      { role: "user", content: "Weather in Paris and Rome?" },
      {
        role: "assistant",
        content: "I will look.",
        tool_calls: [
          {
            id: "call_1",
            type: "function",
            function: { name: "get_weather", arguments: '{"city":"Paris"}' },
          },
          { id: "call_2", type: "function", function: { name: "get_weather", arguments: '{"city":"Rome"}' } },
        ],
      },
      { role: "tool", tool_call_id: "call_1", content: "18 degrees" },
      { role: "tool", tool_call_id: "call_2", content: "22 degrees" },
    ],
    tools: [weather],
    tool_choice: "auto",
    max_completion_tokens: 100,
  },
  schema: {
    model: "model-1",
    messages: [{ role: "user", content: "A city." }],
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "city",
        strict: true,
        schema: {
          type: "object",
          properties: { name: { type: "string" } },
          required: ["name"],
          additionalProperties: false,
        },
      },
    },
    max_completion_tokens: 100,
  },
};

const base = { id: "answer-1", object: "chat.completion" as const, created: 1_700_000_000, model: "model-1" };
const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };

/** Neutral answers that every chat protocol has to carry. */
export const answers: Record<string, ChatAnswer> = {
  text: {
    ...base,
    choices: [{ index: 0, message: { role: "assistant", content: "Hello — 🌍!" }, finish_reason: "stop" }],
    usage,
  },
  length: {
    ...base,
    choices: [{ index: 0, message: { role: "assistant", content: "Hel" }, finish_reason: "length" }],
    usage,
  },
  tools: {
    ...base,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: null,
          tool_calls: [
            {
              id: "call_1",
              type: "function",
              function: { name: "get_weather", arguments: '{"city":"Paris"}' },
            },
            { id: "call_2", type: "function", function: { name: "now", arguments: "{}" } },
          ],
        },
        finish_reason: "tool_calls",
      },
    ],
    usage,
  },
};
