import assert from "node:assert/strict";
import { test } from "node:test";
import { answerContext, assertAnswerIdentity } from "../_codec.ts";
import { chat, countTokens, model } from "./_codec.ts";
import type { BetaMessage, BetaUsage } from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { ChatAnswer, Fields } from "../../../../core/index.ts";

type Body = Partial<Omit<BetaMessage, "content" | "usage">> & {
  content: Fields[];
  usage: Partial<BetaUsage>;
};

const base = { id: "msg_013Zva2CMHLNnjNjJJKqJ2EF", type: "message", role: "assistant", model } as const;
const ended = { stop_reason: "end_turn", stop_sequence: null } as const;
const usage = { input_tokens: 12, output_tokens: 6 };

/** Answers as Anthropic's documentation shows them. */
const bodies: Record<string, Body> = {
  text: { ...base, ...ended, content: [{ type: "text", text: "Hi! Grüezi 🌍." }], usage },
  "two texts, one of white space": {
    ...base,
    ...ended,
    content: [
      { type: "text", text: "\n\n" },
      { type: "text", text: "Hi" },
    ],
    usage,
  },
  "nothing at all": { ...base, ...ended, content: [], usage: { input_tokens: 12, output_tokens: 0 } },
  "a stop sequence": {
    ...base,
    content: [{ type: "text", text: "1, 2" }],
    stop_reason: "stop_sequence",
    stop_sequence: "3",
    usage,
  },
  "the end of the context": {
    ...base,
    content: [{ type: "text", text: "…" }],
    stop_reason: "model_context_window_exceeded",
    stop_sequence: null,
    usage,
  },
  "parallel calls after thinking": {
    ...base,
    content: [
      { type: "thinking", thinking: "Both, then.", signature: "c2lnMQ==" },
      { type: "redacted_thinking", data: "cmVk" },
      { type: "text", text: "I will look." },
      {
        type: "tool_use",
        id: "toolu_1",
        name: "get_weather",
        input: { city: "Paris" },
        caller: { type: "direct" },
      },
      { type: "tool_use", id: "toolu_2", name: "now", input: {} },
    ],
    stop_reason: "tool_use",
    stop_sequence: null,
    usage: {
      input_tokens: 10,
      cache_creation_input_tokens: 30,
      cache_read_input_tokens: 200,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 50,
      output_tokens_details: { thinking_tokens: 25 },
      service_tier: "priority",
    },
  },
  "thinking between other blocks": {
    ...base,
    ...ended,
    content: [
      { type: "text", text: "First. " },
      { type: "thinking", thinking: "", signature: "c2lnMg==" },
      { type: "text", text: "Second." },
    ],
    usage,
  },
  "a web search with citations": {
    ...base,
    ...ended,
    content: [
      { type: "text", text: "I will search." },
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "claude shannon" } },
      {
        type: "web_search_tool_result",
        tool_use_id: "srvtoolu_1",
        content: [
          {
            type: "web_search_result",
            url: "https://en.wikipedia.org/wiki/Claude_Shannon",
            title: "Claude Shannon",
            encrypted_content: "EqgfCioIARgBIiQ3",
            page_age: "April 30, 2025",
          },
        ],
      },
      {
        type: "text",
        text: "Born in 1916",
        citations: [
          {
            type: "web_search_result_location",
            url: "https://en.wikipedia.org/wiki/Claude_Shannon",
            title: "Claude Shannon",
            encrypted_index: "Eo8BCioIAhgB",
            cited_text: "April 30, 1916",
          },
        ],
      },
    ],
    usage: { ...usage, server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 } },
  },
  "citations of documents": {
    ...base,
    ...ended,
    content: [
      { type: "text", text: "The grass is " },
      {
        type: "text",
        text: "green",
        citations: [
          {
            type: "char_location",
            cited_text: "The grass is green.",
            document_index: 0,
            document_title: "Doc",
            file_id: null,
            start_char_index: 0,
            end_char_index: 20,
          },
        ],
      },
    ],
    usage,
  },
  "code run in a container": {
    ...base,
    stop_reason: "pause_turn",
    stop_sequence: null,
    content: [
      { type: "server_tool_use", id: "srvtoolu_1", name: "bash_code_execution", input: { command: "ls" } },
      {
        type: "bash_code_execution_tool_result",
        tool_use_id: "srvtoolu_1",
        content: { type: "bash_code_execution_result", stdout: "", stderr: "", return_code: 0, content: [] },
      },
      { type: "container_upload", file_id: "file_1" },
      { type: "mcp_tool_use", id: "mcptoolu_1", name: "echo", server_name: "m", input: { a: 1 } },
    ],
    container: { id: "container_1", expires_at: "2026-11-21T00:00:00Z", skills: null },
    context_management: {
      applied_edits: [{ type: "clear_tool_uses_20250919", cleared_tool_uses: 2, cleared_input_tokens: 9 }],
    },
    usage,
  },
  "a refusal": {
    ...base,
    stop_reason: "refusal",
    stop_sequence: null,
    stop_details: {
      type: "refusal",
      category: "bio",
      explanation: null,
      recommended_model: null,
      fallback_credit_token: null,
      fallback_has_prefill_claim: null,
    },
    content: [],
    usage,
  },
  "all that the API says it does not know": {
    ...base,
    ...ended,
    container: null,
    diagnostics: null,
    stop_details: null,
    content: [{ type: "text", text: "Hi" }],
    usage: {
      ...usage,
      cache_creation: null,
      cache_creation_input_tokens: null,
      cache_read_input_tokens: 0,
      inference_geo: null,
      output_tokens_details: null,
      server_tool_use: null,
      service_tier: "standard",
      speed: null,
    },
  },
};

for (const [name, body] of Object.entries(bodies)) {
  test(`${name}: read and written again, the answer is the same`, () =>
    assertAnswerIdentity(chat, { ...body }));
}

function decode(body: Body, request = {}): ChatAnswer {
  return chat.decodeAnswer({ ...body }, answerContext(request, { model }));
}

test("an answer with thinking, calls and a cache in the neutral shape", () => {
  assert.deepEqual(decode(bodies["parallel calls after thinking"] as Body), {
    id: base.id,
    object: "chat.completion",
    created: 1_700_000_000,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "I will look.",
          reasoning_content: "Both, then.",
          reasoning_details: [
            {
              type: "reasoning.text",
              text: "Both, then.",
              signature: "c2lnMQ==",
              format: "anthropic-claude-v1",
              index: 0,
            },
            { type: "reasoning.encrypted", data: "cmVk", format: "anthropic-claude-v1", index: 1 },
          ],
          tool_calls: [
            {
              id: "toolu_1",
              type: "function",
              function: { name: "get_weather", arguments: '{"city":"Paris"}' },
              extensions: { anthropic: { caller: { type: "direct" } } },
            },
            { id: "toolu_2", type: "function", function: { name: "now", arguments: "{}" } },
          ],
        },
        finish_reason: "tool_calls",
        native_finish_reason: "tool_use",
      },
    ],
    usage: {
      prompt_tokens: 240,
      completion_tokens: 50,
      total_tokens: 290,
      prompt_tokens_details: { cached_tokens: 200, cache_write_tokens: 30, cache_write_1h_tokens: 20 },
      completion_tokens_details: { reasoning_tokens: 25 },
      extensions: {
        anthropic: {
          cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
          output_tokens_details: { thinking_tokens: 25 },
          service_tier: "priority",
        },
      },
    },
    service_tier: "priority",
  });
});

test("citations of the web are url_citation annotations over the whole text", () => {
  const { message } = decode(bodies["a web search with citations"] as Body)
    .choices[0] as ChatAnswer["choices"][0];
  assert.deepEqual(message.annotations, [
    {
      type: "url_citation",
      url_citation: {
        url: "https://en.wikipedia.org/wiki/Claude_Shannon",
        title: "Claude Shannon",
        start_index: 14,
        end_index: 26,
      },
    },
  ]);
});

test("an answer that is no message is the upstream's mistake", () => {
  assert.throws(() => chat.decodeAnswer({ id: "x" }, answerContext()), {
    status: 502,
    code: "upstream_bad_answer",
  });
});

const answer: ChatAnswer = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt",
  choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
};

async function encode(
  parts: Partial<ChatAnswer>,
  message: Fields = {},
  choice: Fields = {},
): Promise<Fields> {
  const [first] = answer.choices;
  const choices = [{ ...first, ...choice, message: { ...first?.message, ...message } }];
  return (await chat.encodeAnswer({ ...answer, choices, ...parts } as ChatAnswer, answerContext())) as Fields;
}

test("another vendor's answer: its usage without the cached part, and the model as the client named it", async () => {
  const body = await encode({
    usage: {
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 15 },
    },
  });
  assert.deepEqual(body, {
    id: "chatcmpl-1",
    type: "message",
    role: "assistant",
    model: "model-1",
    content: [{ type: "text", text: "Hi" }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: 40,
      cache_read_input_tokens: 60,
      output_tokens: 20,
      output_tokens_details: { thinking_tokens: 15 },
    },
  });
});

test("the end of another vendor's answer in this protocol's words", async () => {
  const reasonOf = async (choice: Fields, message: Fields = {}): Promise<unknown> =>
    (await encode({}, message, choice))["stop_reason"];
  const calls = [{ id: "c", type: "function", function: { name: "f", arguments: "" } }];
  assert.equal(await reasonOf({ finish_reason: "length", native_finish_reason: "MAX_TOKENS" }), "max_tokens");
  assert.equal(await reasonOf({ finish_reason: "content_filter" }), "refusal");
  assert.equal(await reasonOf({ finish_reason: "stop", stop_sequence: "X" }), "stop_sequence");
  assert.equal(await reasonOf({ finish_reason: "stop", native_finish_reason: "pause_turn" }), "pause_turn");
  // A word of this protocol that says something else is another vendor's.
  assert.equal(await reasonOf({ finish_reason: "stop", native_finish_reason: "max_tokens" }), "end_turn");
  assert.equal(await reasonOf({ finish_reason: "stop" }, { tool_calls: calls }), "tool_use");
});

test("another vendor's reasoning is shown, and its signatures come back with the conversation", async () => {
  const details = [
    { type: "reasoning.summary", summary: "Sum.", id: "rs_1", format: "openai-responses-v1", index: 0 },
    { type: "reasoning.encrypted", data: "ENC==", id: "rs_1", format: "openai-responses-v1", index: 1 },
    { type: "reasoning.text", text: "Thought.", signature: "GEM+/=", format: "google-gemini-v1", index: 2 },
  ];
  const call = {
    id: "call_1",
    type: "function",
    function: { name: "f", arguments: "{}" },
    extra_content: { google: { thought_signature: "CALLSIG" } },
  };
  const body = await encode({}, { reasoning_details: details, tool_calls: [call] });
  assert.deepEqual(body["content"], [
    { type: "thinking", thinking: "Sum.", signature: "openai-responses-v1|rs_1|summary|" },
    { type: "redacted_thinking", data: "openai-responses-v1|rs_1|encrypted|ENC==" },
    { type: "thinking", thinking: "Thought.", signature: "google-gemini-v1||text|GEM+/=" },
    { type: "text", text: "Hi" },
    { type: "redacted_thinking", data: "google-gemini-v1|call_1|call|CALLSIG" },
    { type: "tool_use", id: "call_1", name: "f", input: {} },
  ]);
  const messages = [
    { role: "user", content: "?" },
    { role: "assistant", content: body["content"] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1", content: "ok" }] },
  ];
  const request = await chat.decodeRequest({ model, max_tokens: 9, messages }, answerContext());
  const sent = request.messages[1];
  assert.ok(sent?.role === "assistant");
  assert.deepEqual(sent.reasoning_details, details);
  assert.deepEqual(sent.tool_calls, [call]);
  // And none of it goes to Anthropic.
  const again = chat.encodeRequest(request, answerContext({}, { model })) as { messages: Fields[] };
  assert.deepEqual(again.messages[1], {
    role: "assistant",
    content: [
      { type: "text", text: "Hi" },
      { type: "tool_use", id: "call_1", name: "f", input: {} },
    ],
  });
});

test("plain reasoning text is a thinking block without a signature, which goes to no Claude", async () => {
  const body = await encode({}, { reasoning_content: "Hm." });
  assert.deepEqual(body["content"], [
    { type: "thinking", thinking: "Hm.", signature: "" },
    { type: "text", text: "Hi" },
  ]);
  const messages = [
    { role: "user", content: "?" },
    { role: "assistant", content: body["content"] },
    { role: "user", content: "!" },
  ];
  const request = await chat.decodeRequest({ model, max_tokens: 9, messages }, answerContext());
  const assistantOf = (name: string): unknown =>
    (chat.encodeRequest(request, answerContext({}, { model: name })) as { messages: Fields[] }).messages[1]?.[
      "content"
    ];
  assert.deepEqual(assistantOf(model), "Hi");
  // Services that only speak the protocol take it back.
  assert.deepEqual(assistantOf("deepseek-chat"), body["content"]);
});

test("annotations of another vendor are citations of the text, a custom call is one with one member", async () => {
  const annotations = [
    {
      type: "url_citation",
      url_citation: { url: "https://e.com", title: "E", start_index: 0, end_index: 2 },
    },
  ];
  const calls = [{ id: "c.1", type: "custom", custom: { name: "run", input: "ls" } }];
  const body = await encode({}, { annotations, tool_calls: calls });
  const [text, call] = body["content"] as Fields[];
  assert.deepEqual(text, {
    type: "text",
    text: "Hi",
    citations: [
      {
        type: "web_search_result_location",
        url: "https://e.com",
        title: "E",
        cited_text: "Hi",
        encrypted_index: "",
      },
    ],
  });
  assert.match(String(call?.["id"]), /^[\w-]+$/);
  assert.deepEqual({ ...call, id: "" }, { type: "tool_use", id: "", name: "run", input: { input: "ls" } });
});

const schema = { type: "object", properties: { name: { type: "string" } } };
const wantsSchema = {
  response_format: { type: "json_schema" as const, json_schema: { name: "city", schema } },
};

test("where a tool was called in the answer's place, its input is the answer", () => {
  const body: Body = {
    ...base,
    model: "claude-sonnet-4-20250514",
    content: [{ type: "tool_use", id: "toolu_1", name: "city", input: { name: "Bern" } }],
    stop_reason: "tool_use",
    stop_sequence: null,
    usage,
  };
  const about = answerContext(wantsSchema, { model: "claude-sonnet-4-20250514" });
  assert.deepEqual(chat.decodeAnswer({ ...body }, about).choices, [
    { index: 0, message: { role: "assistant", content: '{"name":"Bern"}' }, finish_reason: "stop" },
  ]);
});

test("a count of tokens, read and written again", async () => {
  const about = answerContext();
  const body = { input_tokens: 14, context_management: { original_input_tokens: 70 } };
  const count = countTokens.decodeAnswer(body, about);
  assert.deepEqual(count, {
    input_tokens: 14,
    extensions: { anthropic: { context_management: { original_input_tokens: 70 } } },
  });
  assert.deepEqual(await countTokens.encodeAnswer(count, about), body);
  assert.throws(() => countTokens.decodeAnswer({}, about), { status: 502 });
});
