import type { Response, ResponseCreateParams } from "openai/resources/responses/responses";
import type { Fields } from "../../../../core/index.ts";
import { redDot } from "../_conversations.ts";

const picture = `data:image/png;base64,${redDot}`;

/** Requests as the API reference and its guides have them, and as clients send them. */
export const requests: Record<string, ResponseCreateParams> = {
  text: { model: "gpt-4.1", input: "Tell me a three sentence bedtime story about a unicorn. 🦄" },
  instructions: {
    model: "gpt-4o",
    instructions: "Talk like a pirate.",
    input: "Are semicolons optional in JavaScript?",
  },
  "instructions and a system message": {
    model: "gpt-4o",
    instructions: "One",
    input: [
      { role: "system", content: "Two" },
      { role: "developer", content: "Three" },
      { role: "user", content: "Four" },
    ],
  },
  "a system message, no instructions": {
    model: "gpt-4o",
    input: [
      { role: "system", content: "Two" },
      { role: "user", content: [{ type: "input_text", text: "Four" }] },
    ],
  },
  "easy turns": {
    model: "gpt-4o-mini",
    input: [
      { role: "user", content: "knock knock." },
      { role: "assistant", content: "Who's there?" },
      { role: "user", content: "Orange." },
    ],
    store: false,
  },
  "image and file": {
    model: "gpt-4.1",
    input: [
      {
        role: "user",
        content: [
          { type: "input_text", text: "what is in this image and this file?" },
          { type: "input_image", image_url: picture, detail: "high" },
          { type: "input_image", image_url: "https://example.org/a.png", detail: "auto" },
          { type: "input_image", file_id: "file-6F2ksmvXxt4VdoqmHRw6kL", detail: "auto" },
          { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0=" },
          { type: "input_file", file_url: "https://example.org/letter.pdf" },
          { type: "input_file", file_id: "file-6F2ksmvXxt4VdoqmHRw6kL" },
        ],
      },
    ],
  },
  "web search": {
    model: "gpt-4.1",
    tools: [
      {
        type: "web_search",
        filters: { allowed_domains: ["example.org"] },
        search_context_size: "low",
        user_location: { type: "approximate", country: "GB", city: "London" },
      },
    ],
    tool_choice: "auto",
    include: ["web_search_call.action.sources"],
    input: "What was a positive news story from today?",
  },
  "built-in tools": {
    model: "gpt-5",
    tools: [
      { type: "file_search", vector_store_ids: ["vs_1234567890"], max_num_results: 20 },
      { type: "code_interpreter", container: { type: "auto", memory_limit: "4g" } },
      { type: "image_generation", quality: "high", partial_images: 2 },
      {
        type: "mcp",
        server_label: "deepwiki",
        server_url: "https://mcp.example.org",
        require_approval: "never",
      },
      { type: "computer_use_preview", display_width: 1024, display_height: 768, environment: "browser" },
      { type: "local_shell" },
      { type: "shell" },
      { type: "apply_patch" },
    ],
    tool_choice: { type: "file_search" },
    truncation: "auto",
    input: "Go",
  },
  functions: {
    model: "gpt-4.1",
    input: "What is the weather like in Boston today?",
    tools: [
      {
        type: "function",
        name: "get_current_weather",
        description: "Get the current weather in a given location",
        parameters: {
          type: "object",
          properties: {
            location: { type: "string" },
            unit: { type: "string", enum: ["celsius", "fahrenheit"] },
          },
          required: ["location", "unit"],
          additionalProperties: false,
        },
        strict: true,
      },
      {
        type: "function",
        name: "later",
        parameters: null,
        strict: null,
        defer_loading: true,
        description: null,
      },
      {
        type: "custom",
        name: "math_exp",
        description: "Creates a value",
        format: { type: "grammar", syntax: "lark", definition: "start: NUMBER" },
      },
      { type: "custom", name: "free", format: { type: "text" } },
    ],
    tool_choice: "required",
    parallel_tool_calls: false,
    ...({ max_tool_calls: 3 } as object),
  },
  "tool choices: a function": {
    model: "m",
    input: "x",
    tools: [{ type: "function", name: "a", parameters: {}, strict: false }],
    tool_choice: { type: "function", name: "a" },
  },
  "tool choices: a custom tool": {
    model: "m",
    input: "x",
    tools: [{ type: "custom", name: "a" }],
    tool_choice: { type: "custom", name: "a" },
  },
  "tool choices: some": {
    model: "m",
    input: "x",
    tools: [{ type: "function", name: "a", parameters: {}, strict: false }],
    tool_choice: {
      type: "allowed_tools",
      mode: "required",
      tools: [
        { type: "function", name: "a" },
        { type: "mcp", server_label: "deepwiki" },
        { type: "image_generation" },
      ],
    },
  },
  "tool choices: a server's": {
    model: "m",
    input: "x",
    tool_choice: { type: "mcp", server_label: "s", name: null },
  },
  settings: {
    model: "gpt-5",
    input: "x",
    max_output_tokens: 1000,
    temperature: 0.2,
    top_p: 0.9,
    top_logprobs: 5,
    include: ["message.output_text.logprobs", "reasoning.encrypted_content"],
    metadata: { team: "a" },
    user: "u",
    safety_identifier: "s",
    prompt_cache_key: "k",
    prompt_cache_retention: "24h",
    prompt_cache_options: { mode: "explicit", ttl: "30m" },
    service_tier: "flex",
    truncation: "disabled",
    background: false,
    stream: true,
    stream_options: { include_obfuscation: false },
    text: { format: { type: "json_object" }, verbosity: "low" },
    reasoning: { effort: "high", summary: "auto", context: "all_turns", mode: "pro" },
    store: true,
    context_management: [{ type: "compaction", compact_threshold: 1000 }],
  },
  "settings that say nothing": {
    model: "gpt-5",
    input: [],
    instructions: null,
    metadata: null,
    temperature: null,
    max_output_tokens: null,
    store: null,
    text: {},
    reasoning: {},
    stream: false,
    stream_options: null,
    tools: [],
    top_logprobs: 2,
  },
  "reasoning by its older name": {
    model: "o3",
    input: "x",
    reasoning: { generate_summary: "concise", effort: null },
  },
  "structured output": {
    model: "gpt-4o-2024-08-06",
    input: [{ role: "user", content: "Jane, 54 years old" }],
    text: {
      format: {
        type: "json_schema",
        name: "person",
        description: "A person",
        strict: true,
        schema: {
          type: "object",
          properties: { name: { type: "string" } },
          required: ["name"],
          additionalProperties: false,
        },
      },
    },
  },
  "a turn with tools": {
    model: "gpt-5",
    store: false,
    include: ["reasoning.encrypted_content"],
    input: [
      {
        type: "message",
        role: "user",
        content: [{ type: "input_text", text: "Horoscope, and the weather?" }],
      },
      {
        type: "reasoning",
        id: "rs_1",
        summary: [
          { type: "summary_text", text: "**Thinking**" },
          { type: "summary_text", text: "**More**" },
        ],
        encrypted_content: "gAAAAABo",
      },
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        phase: "commentary",
        content: [{ type: "output_text", text: "I look.", annotations: [] }],
      },
      {
        type: "function_call",
        id: "fc_1",
        call_id: "call_1",
        name: "get_weather",
        arguments: '{"city":"Paris"}',
        status: "completed",
      },
      {
        type: "function_call",
        id: "fc_2",
        call_id: "call_2",
        name: "now",
        arguments: "{}",
        status: "completed",
      },
      { type: "custom_tool_call", id: "ctc_1", call_id: "call_3", name: "code", input: "print(1)" },
      { type: "function_call_output", call_id: "call_1", output: "18 degrees" },
      {
        type: "function_call_output",
        call_id: "call_2",
        status: "completed",
        output: [
          { type: "input_text", text: "See" },
          { type: "input_image", image_url: picture },
        ],
      },
      { type: "custom_tool_call_output", call_id: "call_3", output: "1" },
      { role: "user", content: "And?" },
    ],
  },
  "reasoning between calls": {
    model: "gpt-5",
    input: [
      { role: "user", content: "x" },
      { type: "reasoning", id: "rs_1", summary: [] },
      { type: "function_call", call_id: "call_1", name: "a", arguments: "{}" },
      { type: "reasoning", id: "rs_2", summary: [], content: [{ type: "reasoning_text", text: "Hm" }] },
      { type: "function_call", call_id: "call_2", name: "b", arguments: "{}" },
      { type: "function_call_output", call_id: "call_1", output: "1" },
      { type: "function_call_output", call_id: "call_2", output: "2" },
    ],
  },
  "reasoning without ids, messages without ends": {
    model: "gpt-5-codex",
    input: [
      { role: "user", content: "x" },
      { type: "reasoning", summary: [], content: null, encrypted_content: "a" },
      {
        type: "reasoning",
        summary: [{ type: "summary_text", text: "s" }],
        content: null,
        encrypted_content: "b",
      },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "One" }] },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Two" }] },
      { type: "message", role: "assistant", content: [] },
      { role: "assistant", content: "Three" },
      { role: "assistant", content: [{ type: "refusal", refusal: "No." }] },
    ] as never,
  },
  "what only this API has": {
    model: "gpt-5",
    previous_response_id: "resp_123",
    input: [
      { type: "item_reference", id: "msg_123" },
      { id: "msg_124" } as never,
      { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x" } },
      { type: "file_search_call", id: "fs_1", status: "completed", queries: ["x"], results: null },
      {
        type: "message",
        id: "msg_2",
        role: "assistant",
        status: "completed",
        content: [
          {
            type: "output_text",
            text: "See [1].",
            annotations: [
              { type: "url_citation", url: "https://example.org", title: "E", start_index: 4, end_index: 7 },
            ],
            logprobs: [],
          },
        ],
      },
      {
        type: "code_interpreter_call",
        id: "ci_1",
        status: "completed",
        code: "1",
        container_id: "c",
        outputs: null,
      },
      { type: "image_generation_call", id: "ig_1", status: "completed", result: redDot },
      {
        type: "local_shell_call",
        id: "lsh_1",
        call_id: "call_9",
        status: "completed",
        action: { type: "exec", command: ["ls"], env: {} },
      },
      { type: "local_shell_call_output", id: "lsh_1", output: "a" },
      {
        type: "computer_call",
        id: "cu_1",
        call_id: "call_8",
        status: "completed",
        pending_safety_checks: [],
        action: { type: "wait" },
      },
      {
        type: "computer_call_output",
        call_id: "call_8",
        output: { type: "computer_screenshot", image_url: picture },
      },
      { type: "mcp_list_tools", id: "mcpl_1", server_label: "s", tools: [] },
      { type: "mcp_approval_request", id: "mcpr_1", arguments: "{}", name: "n", server_label: "s" },
      { type: "mcp_approval_response", approval_request_id: "mcpr_1", approve: true },
      { type: "mcp_call", id: "mcp_1", arguments: "{}", name: "n", server_label: "s", output: "o" },
      { type: "shell_call", call_id: "call_7", action: { commands: ["ls"] } },
      { type: "shell_call_output", call_id: "call_7", output: [] },
      {
        type: "apply_patch_call",
        call_id: "call_6",
        status: "completed",
        operation: { type: "delete_file", path: "a" },
      },
      { type: "apply_patch_call_output", call_id: "call_6", status: "completed" },
      { type: "compaction", encrypted_content: "xyz" },
      { role: "user", content: "Go on." },
      { type: "compaction_trigger" },
    ],
  },
  "a prompt template": {
    model: "gpt-5",
    prompt: {
      id: "pmpt_1",
      version: "2",
      variables: { name: "Jane", file: { type: "input_file", file_id: "file-1" } },
    },
  },
  "a conversation": { model: "gpt-5", conversation: { id: "conv_1" }, input: "x" },
  "marks of the prompt cache": {
    model: "gpt-5.6",
    input: [
      {
        role: "user",
        content: [
          { type: "input_text", text: "Long", prompt_cache_breakpoint: { mode: "explicit" } },
          {
            type: "input_image",
            image_url: picture,
            detail: "low",
            prompt_cache_breakpoint: { mode: "explicit" },
          },
          { type: "input_text", text: "Short" },
        ],
      },
    ],
  },
};

const echo = {
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  store: true,
  temperature: 1,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: [],
  top_p: 1,
  truncation: "disabled",
  user: null,
  metadata: {},
};

const usage = {
  input_tokens: 36,
  input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  output_tokens: 87,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 123,
};

const base = {
  id: "resp_67ccd2bed1ec8190",
  object: "response",
  created_at: 1741476542,
  status: "completed",
  model: "gpt-4.1-2025-04-14",
};

const message = {
  type: "message",
  id: "msg_67ccd2bf17f0",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text: "In a peaceful grove — 🌿 …", annotations: [] }],
};

/** Answers as the API reference and its guides have them. */
export const answers: Record<string, Fields> = {
  text: { ...base, output: [message], usage, ...echo },
  "text with logprobs": {
    ...base,
    service_tier: "default",
    background: false,
    completed_at: 1741476544,
    output: [
      {
        ...message,
        content: [
          {
            type: "output_text",
            text: "Hi",
            annotations: [],
            logprobs: [
              {
                token: "Hi",
                bytes: [72, 105],
                logprob: -0.1,
                top_logprobs: [{ token: "Ho", bytes: [72, 111], logprob: -2 }],
              },
            ],
          },
        ],
      },
    ],
    usage,
    ...echo,
  },
  "empty logprobs, a phase": {
    ...base,
    output: [
      {
        ...message,
        phase: "final_answer",
        content: [{ type: "output_text", text: "Hi", annotations: [], logprobs: [] }],
      },
    ],
    usage,
    ...echo,
  },
  functions: {
    ...base,
    output: [
      {
        type: "function_call",
        id: "fc_67ca09c6",
        call_id: "call_unLAR8M",
        name: "get_weather",
        arguments: '{"location":"Boston, MA"}',
        status: "completed",
      },
      {
        type: "function_call",
        id: "fc_67ca09c7",
        call_id: "call_unLAR8N",
        name: "now",
        arguments: "{}",
        status: "completed",
      },
      {
        type: "custom_tool_call",
        id: "ctc_1",
        status: "completed",
        call_id: "call_c",
        name: "math_exp",
        input: "4 + 4",
      },
    ],
    usage,
    ...echo,
    tools: [{ type: "function", name: "now", parameters: null, strict: true }],
  },
  reasoning: {
    ...base,
    output: [
      {
        id: "rs_6820f383d7c08191",
        type: "reasoning",
        summary: [
          { type: "summary_text", text: "**Answering**\n\nLet me see." },
          { type: "summary_text", text: "**Again**" },
        ],
        encrypted_content: "gAAAAABoISQ24OyVRYbk",
      },
      message,
    ],
    usage: { ...usage, output_tokens_details: { reasoning_tokens: 64 } },
    ...echo,
  },
  "reasoning, bare, between calls": {
    ...base,
    output: [
      { id: "rs_1", type: "reasoning", summary: [] },
      {
        type: "function_call",
        id: "fc_1",
        call_id: "call_1",
        name: "a",
        arguments: "{}",
        status: "completed",
      },
      {
        id: "rs_2",
        type: "reasoning",
        summary: [],
        content: [{ type: "reasoning_text", text: "Open" }],
        status: "completed",
      },
      message,
    ],
    usage,
    ...echo,
  },
  "cut off": {
    ...base,
    status: "incomplete",
    output: [{ ...message, status: "incomplete" }],
    usage,
    ...echo,
    incomplete_details: { reason: "max_output_tokens" },
  },
  filtered: {
    ...base,
    status: "incomplete",
    output: [],
    usage,
    ...echo,
    incomplete_details: { reason: "content_filter" },
  },
  refusal: {
    ...base,
    output: [{ ...message, content: [{ type: "refusal", refusal: "I'm sorry." }] }],
    usage,
    ...echo,
  },
  "text and refusal": {
    ...base,
    output: [{ ...message, content: [...message.content, { type: "refusal", refusal: "I'm sorry." }] }],
    usage,
    ...echo,
  },
  "web search": {
    ...base,
    output: [
      {
        type: "web_search_call",
        id: "ws_67ccf18f",
        status: "completed",
        action: { type: "search", query: "news" },
      },
      {
        ...message,
        content: [
          {
            type: "output_text",
            text: "As of today, …",
            annotations: [
              {
                type: "url_citation",
                start_index: 0,
                end_index: 5,
                url: "https://example.org",
                title: "News",
              },
              { type: "file_citation", index: 3, file_id: "file-1", filename: "a.pdf" },
            ],
          },
        ],
      },
    ],
    usage,
    ...echo,
    tools: [{ type: "web_search", search_context_size: "medium" }],
  },
  "several messages": {
    ...base,
    output: [
      { ...message, phase: "commentary" },
      {
        ...message,
        id: "msg_2",
        content: [...message.content, { type: "output_text", text: "More", annotations: [] }],
      },
    ],
    usage,
    ...echo,
  },
  "an image": {
    ...base,
    output: [
      {
        type: "image_generation_call",
        id: "ig_1",
        status: "completed",
        result: redDot,
        output_format: "png",
      },
      message,
    ],
    usage,
    ...echo,
  },
} satisfies Record<string, Partial<Record<keyof Response, unknown>>>;
