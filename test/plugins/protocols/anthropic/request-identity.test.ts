import { test } from "node:test";
import { redDot } from "../_conversations.ts";
import { assertRequestIdentity } from "../_codec.ts";
import { chat, model } from "./_codec.ts";
import type { MessageCreateParamsBase } from "@anthropic-ai/sdk/resources/beta/messages/messages";

type Body = MessageCreateParamsBase & { temperature?: number; top_p?: number; top_k?: number };

const base = { model, max_tokens: 1024 };
const hello: Body["messages"] = [{ role: "user", content: "Hello, Wörld 🌍" }];
const mark = { type: "ephemeral", ttl: "1h" } as const;

const weather: NonNullable<Body["tools"]>[number] = {
  name: "get_weather",
  description: "The weather of a place.",
  input_schema: {
    type: "object",
    properties: { location: { type: "string" } },
    required: ["location"],
  },
};

/** Requests as Anthropic's documentation shows them; each is read and written again. */
const bodies: Record<string, Body> = {
  "plain text": { ...base, messages: hello },
  "a system text and sampling": {
    ...base,
    system: "Be short.",
    messages: hello,
    temperature: 0.3,
    top_k: 40,
    stop_sequences: ["END"],
  },
  "sampling by top_p, a stream": { ...base, messages: hello, top_p: 0.9, stream: true },
  "system blocks with a cache mark": {
    ...base,
    system: [
      { type: "text", text: "You are a librarian." },
      { type: "text", text: "<the whole book>", cache_control: { type: "ephemeral" } },
    ],
    messages: hello,
  },
  "one mark over the whole request": { ...base, cache_control: mark, messages: hello },
  "turns, as texts and as blocks": {
    ...base,
    messages: [
      { role: "user", content: "One" },
      { role: "assistant", content: "Two" },
      { role: "user", content: [{ type: "text", text: "Three" }] },
      { role: "assistant", content: [{ type: "text", text: "Four" }] },
      {
        role: "user",
        content: [
          { type: "text", text: "Five" },
          { type: "text", text: "Six", cache_control: mark },
        ],
      },
    ],
  },
  "images by base64, URL and file": {
    ...base,
    messages: [
      {
        role: "user",
        content: [
          {
            type: "image",
            source: { type: "base64", media_type: "image/png", data: redDot },
            cache_control: mark,
          },
          { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
          { type: "image", source: { type: "file", file_id: "file_011" } },
          {
            type: "image",
            source: { type: "url", url: "https://example.com/b.png" },
            transformations: { oversized_image: "downsize" },
          },
          { type: "text", text: "What differs?" },
        ],
      },
    ],
  },
  "documents of every kind": {
    ...base,
    messages: [
      {
        role: "user",
        content: [
          {
            type: "document",
            source: { type: "base64", media_type: "application/pdf", data: "JVBERi0xLjcK" },
            title: "Report",
            context: "Of last year.",
            citations: { enabled: true },
            cache_control: { type: "ephemeral" },
          },
          {
            type: "document",
            source: { type: "text", media_type: "text/plain", data: "Grün ist der Wald 🌲." },
          },
          { type: "document", source: { type: "url", url: "https://example.com/a.pdf" }, title: null },
          { type: "document", source: { type: "file", file_id: "file_012" }, title: "Kept" },
          {
            type: "document",
            source: {
              type: "content",
              content: [
                { type: "text", text: "First" },
                { type: "text", text: "Second" },
              ],
            },
            title: "Pieces",
          },
          { type: "document", source: { type: "content", content: "All of it" } },
          { type: "text", text: "Summarize." },
        ],
      },
    ],
  },
  "search results of the client's own": {
    ...base,
    messages: [
      {
        role: "user",
        content: [
          {
            type: "search_result",
            source: "https://example.com/guide",
            title: "Guide",
            content: [{ type: "text", text: "Turn it on." }],
            citations: { enabled: true },
            cache_control: { type: "ephemeral" },
          },
          { type: "text", text: "How?" },
        ],
      },
    ],
  },
  "tools with all that a tool can say": {
    ...base,
    messages: hello,
    tools: [
      weather,
      { ...weather, name: "typed", type: "custom", strict: true, cache_control: mark },
      {
        ...weather,
        name: "late",
        defer_loading: true,
        allowed_callers: ["direct", "code_execution_20260120"],
        input_examples: [{ location: "Bern" }],
        eager_input_streaming: true,
        strict: false,
      },
    ],
    tool_choice: { type: "auto", disable_parallel_tool_use: true },
  },
  "tools that Anthropic knows or runs": {
    ...base,
    messages: hello,
    tools: [
      { type: "web_search_20250305", name: "web_search", max_uses: 5, allowed_domains: ["example.com"] },
      { type: "web_fetch_20250910", name: "web_fetch", citations: { enabled: true } },
      { type: "code_execution_20250825", name: "code_execution" },
      { type: "bash_20250124", name: "bash" },
      { type: "text_editor_20250728", name: "str_replace_based_edit_tool", max_characters: 10_000 },
      { type: "computer_20250124", name: "computer", display_width_px: 1024, display_height_px: 768 },
      { type: "memory_20250818", name: "memory" },
      { type: "tool_search_tool_regex_20251119", name: "tool_search_tool_regex" },
      { type: "mcp_toolset", mcp_server_name: "docs", configs: { find: { defer_loading: true } } },
      { type: "browser_toolset_20260801" },
    ],
    tool_choice: { type: "any" },
    mcp_servers: [
      { type: "url", url: "https://mcp.example.com/sse", name: "docs", authorization_token: "T" },
    ],
  },
  "a named tool": {
    ...base,
    messages: hello,
    tools: [weather],
    tool_choice: { type: "tool", name: "get_weather", disable_parallel_tool_use: false },
  },
  "no tool": { ...base, messages: hello, tools: [weather], tool_choice: { type: "none" } },
  "parallel calls and their results": {
    ...base,
    tools: [weather],
    messages: [
      { role: "user", content: "Weather in Paris and Rome?" },
      {
        role: "assistant",
        content: [
          { type: "text", text: "I will look." },
          { type: "tool_use", id: "toolu_01", name: "get_weather", input: { location: "Paris" } },
          {
            type: "tool_use",
            id: "toolu_02",
            name: "get_weather",
            input: {},
            cache_control: mark,
            caller: { type: "code_execution_20260120", tool_id: "srvtoolu_01" },
          },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "toolu_01", content: "18 degrees" },
          {
            type: "tool_result",
            tool_use_id: "toolu_02",
            is_error: true,
            cache_control: { type: "ephemeral" },
            content: [
              { type: "text", text: "Not found." },
              { type: "image", source: { type: "base64", media_type: "image/png", data: redDot } },
              {
                type: "document",
                source: { type: "text", media_type: "text/plain", data: "Log" },
                title: "log.txt",
              },
              { type: "tool_reference", tool_name: "other" },
              {
                type: "search_result",
                source: "s",
                title: "t",
                content: [{ type: "text", text: "found" }],
              },
            ],
          },
          { type: "text", text: "And?" },
        ],
      },
    ],
  },
  "a result without content": {
    ...base,
    tools: [weather],
    messages: [
      { role: "user", content: "Do it." },
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_01", name: "get_weather", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_01" }] },
    ],
  },
  "thinking with a budget": {
    ...base,
    model: "claude-sonnet-4-5",
    max_tokens: 16_000,
    thinking: { type: "enabled", budget_tokens: 10_000, display: "omitted" },
    messages: hello,
  },
  "thinking of its own accord, with effort": {
    ...base,
    thinking: { type: "adaptive", display: "summarized" },
    output_config: { effort: "max" },
    messages: hello,
  },
  "thinking off": {
    ...base,
    thinking: { type: "disabled" },
    output_config: { effort: "low" },
    messages: hello,
  },
  "thinking between tools only": {
    ...base,
    model: "claude-sonnet-5-5",
    thinking: { type: "between_tools" },
    messages: hello,
  },
  "effort without a word on thinking": { ...base, output_config: { effort: "medium" }, messages: hello },
  "interleaved thinking": {
    ...base,
    max_tokens: 16_000,
    thinking: { type: "enabled", budget_tokens: 4096 },
    tools: [weather],
    messages: [
      { role: "user", content: "Weather in Paris?" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "First Paris…", signature: "c2lnMQ==" },
          { type: "redacted_thinking", data: "cmVkYWN0ZWQ=" },
          { type: "text", text: "Let me look." },
          { type: "tool_use", id: "toolu_01", name: "get_weather", input: { location: "Paris" } },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_01", content: "18" }] },
      {
        role: "assistant",
        content: [
          { type: "text", text: "18. " },
          { type: "thinking", thinking: "", signature: "c2lnMg==" },
          { type: "tool_use", id: "toolu_02", name: "get_weather", input: { location: "Rome" } },
          { type: "text", text: "And Rome" },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_02", content: "22" }] },
    ],
  },
  "blocks of tools that Anthropic ran": {
    ...base,
    messages: [
      { role: "user", content: "Search." },
      {
        role: "assistant",
        content: [
          { type: "text", text: "I will search." },
          { type: "server_tool_use", id: "srvtoolu_01", name: "web_search", input: { query: "x" } },
          {
            type: "web_search_tool_result",
            tool_use_id: "srvtoolu_01",
            content: [
              {
                type: "web_search_result",
                url: "https://e.com",
                title: "E",
                encrypted_content: "RQ==",
                page_age: null,
              },
            ],
          },
          {
            type: "text",
            text: "Found it.",
            citations: [
              {
                type: "web_search_result_location",
                url: "https://e.com",
                title: "E",
                encrypted_index: "Eo8B",
                cited_text: "it",
              },
            ],
          },
          { type: "mcp_tool_use", id: "mcptoolu_01", name: "find", server_name: "docs", input: { q: "y" } },
          { type: "mcp_tool_result", tool_use_id: "mcptoolu_01", is_error: false, content: "none" },
          {
            type: "bash_code_execution_tool_result",
            tool_use_id: "srvtoolu_02",
            content: {
              type: "bash_code_execution_result",
              stdout: "1",
              stderr: "",
              return_code: 0,
              content: [{ type: "bash_code_execution_output", file_id: "file_2" }],
            },
          },
        ],
      },
      {
        role: "user",
        content: [
          { type: "container_upload", file_id: "file_1" },
          { type: "text", text: "More." },
        ],
      },
    ],
  },
  "a schema for the answer": {
    ...base,
    messages: hello,
    output_config: {
      format: {
        type: "json_schema",
        schema: {
          type: "object",
          properties: { minimum: { type: "number" }, kind: { type: "string", enum: ["a", "b"] } },
          required: ["minimum", "kind"],
          additionalProperties: false,
        },
      },
      effort: "low",
      task_budget: { type: "tokens", total: 40_000 },
    },
  },
  "a schema in its older place": {
    ...base,
    messages: hello,
    output_format: {
      type: "json_schema",
      schema: { type: "object", properties: {}, additionalProperties: false },
    },
  },
  "instructions in mid-conversation": {
    ...base,
    model: "claude-opus-4-8",
    system: "Be kind.",
    messages: [
      { role: "user", content: "One" },
      { role: "system", content: "Now be short." },
      { role: "assistant", content: "Two" },
      { role: "user", content: [{ type: "text", text: "Three" }] },
      {
        role: "system",
        content: [
          { type: "text", text: "In German.", cache_control: { type: "ephemeral" } },
          { type: "tool_removal", tool: { type: "tool_reference", name: "get_weather" } },
        ],
        output_config: { effort: "low" },
      },
    ],
  },
  "members of the API's own": {
    ...base,
    messages: hello,
    metadata: { user_id: "user-1" },
    service_tier: "standard_only",
    container: { id: "container_1", skills: [{ type: "anthropic", skill_id: "xlsx", version: "latest" }] },
    context_management: {
      edits: [{ type: "clear_tool_uses_20250919", keep: { type: "tool_uses", value: 3 } }],
    },
    inference_geo: "eu",
    speed: "fast",
    diagnostics: { previous_message_id: "msg_0" },
    fallbacks: [{ model: "claude-sonnet-5" }],
    thread: { type: "create" },
  },
  "members that are set to nothing": {
    ...base,
    messages: hello,
    metadata: { user_id: null },
    service_tier: "auto",
    container: null,
    speed: null,
    output_config: { effort: null, format: null },
  },
  "words to be continued": {
    ...base,
    model: "claude-haiku-4-5",
    messages: [
      { role: "user", content: "Greek for sun?" },
      { role: "assistant", content: "The best answer is (" },
    ],
  },
};

for (const [name, body] of Object.entries(bodies)) {
  test(`${name}: read and written again, the request is the same`, () =>
    assertRequestIdentity(chat, { ...body }));
}
