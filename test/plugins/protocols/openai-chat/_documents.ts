import type { ChatCompletion, ChatCompletionCreateParams } from "openai/resources/chat/completions";

/** Requests as OpenAI's API reference shows them, one for each thing that can be said. */
export const documentedRequests: Record<string, ChatCompletionCreateParams> = {
  default: {
    model: "gpt-5.4",
    messages: [
      { role: "developer", content: "You are a helpful assistant." },
      { role: "user", content: "Hello!" },
    ],
  },
  everySetting: {
    model: "gpt-5.4",
    messages: [
      { role: "system", content: [{ type: "text", text: "Be brief." }], name: "house" },
      { role: "user", content: "Hello!", name: "ann" },
    ],
    stream: false,
    max_completion_tokens: 200,
    temperature: 0.7,
    top_p: 0.9,
    frequency_penalty: 0.1,
    presence_penalty: -0.1,
    seed: 7,
    n: 2,
    stop: ["END", "\n\n"],
    logprobs: true,
    top_logprobs: 3,
    logit_bias: { "50256": -100 },
    response_format: { type: "json_object" },
    reasoning_effort: "high",
    verbosity: "low",
    user: "user-1",
    safety_identifier: "hash-1",
    prompt_cache_key: "key-1",
    prompt_cache_options: { mode: "explicit", ttl: "30m" },
    metadata: { team: "blue" },
    service_tier: "flex",
    store: true,
  },
  images: {
    model: "gpt-5.4",
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is in this image?", prompt_cache_breakpoint: { mode: "explicit" } },
          { type: "image_url", image_url: { url: "https://example.com/boardwalk.jpg", detail: "high" } },
          { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } },
          { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a.pdf" } },
          { type: "file", file: { file_id: "file-1" } },
        ],
      },
    ],
  },
  tools: {
    model: "gpt-5.4",
    messages: [
      { role: "user", content: "What is the weather like in Boston today?" },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          {
            id: "call_abc123",
            type: "function",
            function: { name: "get_current_weather", arguments: '{\n"location": "Boston, MA"\n}' },
          },
          { id: "call_def456", type: "custom", custom: { name: "note", input: "free text" } },
        ],
      },
      { role: "tool", tool_call_id: "call_abc123", content: "sunny" },
      { role: "tool", tool_call_id: "call_def456", content: [{ type: "text", text: "noted" }] },
      { role: "assistant", content: [{ type: "refusal", refusal: "I'd rather not." }] },
      { role: "assistant", audio: { id: "audio_abc" } },
      { role: "assistant", content: null, refusal: "No." },
    ],
    tools: [
      {
        type: "function",
        function: {
          name: "get_current_weather",
          description: "Get the current weather in a given location",
          strict: true,
          parameters: {
            type: "object",
            properties: { location: { type: "string" } },
            required: ["location"],
            additionalProperties: false,
          },
        },
      },
      { type: "custom", custom: { name: "note", format: { type: "text" } } },
    ],
    tool_choice: {
      type: "allowed_tools",
      allowed_tools: {
        mode: "required",
        tools: [{ type: "function", function: { name: "get_current_weather" } }],
      },
    },
    parallel_tool_calls: false,
  },
  structured: {
    model: "gpt-5.4",
    messages: [{ role: "user", content: "A city, please." }],
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "city",
        strict: true,
        schema: { type: "object", properties: {}, additionalProperties: false },
      },
    },
    tool_choice: "none",
  },
  audio: {
    model: "gpt-audio",
    messages: [{ role: "user", content: "Say hello." }],
    modalities: ["text", "audio"],
    audio: { voice: "alloy", format: "wav" },
  },
  search: {
    model: "gpt-5-search-api",
    messages: [{ role: "user", content: "News?" }],
    web_search_options: {
      search_context_size: "low",
      user_location: { type: "approximate", approximate: { country: "CH", city: "Bern" } },
    },
    prediction: { type: "content", content: "There is none." },
  },
  streamed: {
    model: "gpt-5.4",
    messages: [{ role: "user", content: "Hello!" }],
    stream: true,
    stream_options: { include_usage: true, include_obfuscation: false },
  },
};

const usage = {
  prompt_tokens: 19,
  completion_tokens: 10,
  total_tokens: 29,
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0, cache_write_tokens: 3 },
  completion_tokens_details: {
    reasoning_tokens: 2,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};

const base = { object: "chat.completion" as const, created: 1_741_569_952, model: "gpt-5.4" };

/** Answers as OpenAI's API reference shows them. */
export const documentedAnswers: Record<string, ChatCompletion> = {
  default: {
    ...base,
    id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "Hello! How can I assist you today?",
          refusal: null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage,
    service_tier: "default",
    system_fingerprint: "fp_1",
  },
  tools: {
    ...base,
    id: "chatcmpl-abc123",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: null,
          refusal: null,
          tool_calls: [
            {
              id: "call_abc123",
              type: "function",
              function: { name: "get_current_weather", arguments: '{\n"location": "Boston, MA"\n}' },
            },
            { id: "call_2", type: "custom", custom: { name: "note", input: "free text" } },
          ],
        },
        logprobs: null,
        finish_reason: "tool_calls",
      },
    ],
    usage,
  },
  logprobs: {
    ...base,
    id: "chatcmpl-123",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Hi", refusal: null },
        logprobs: {
          content: [
            {
              token: "Hi",
              logprob: -0.3,
              bytes: [72, 105],
              top_logprobs: [{ token: "Hi", logprob: -0.3, bytes: [72, 105] }],
            },
          ],
          refusal: null,
        },
        finish_reason: "length",
      },
      {
        index: 1,
        message: { role: "assistant", content: null, refusal: "I can't help with that." },
        logprobs: null,
        finish_reason: "content_filter",
      },
    ],
  },
  citations: {
    ...base,
    id: "chatcmpl-search",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "It rains.",
          refusal: null,
          annotations: [
            {
              type: "url_citation",
              url_citation: { start_index: 0, end_index: 8, title: "Weather", url: "https://example.com" },
            },
          ],
        },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
  },
  audio: {
    ...base,
    id: "chatcmpl-audio",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: null,
          refusal: null,
          audio: { id: "audio_1", data: "UklGRg==", expires_at: 1_741_570_000, transcript: "Hello." },
        },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
  },
};
