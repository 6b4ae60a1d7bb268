import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import { protocol } from "../../../../plugins/protocols/gemini/index.ts";
import { context } from "../_codec.ts";
import { redDot } from "../_conversations.ts";
import type { ChatRequest, Fields } from "../../../../core/index.ts";

const { chat } = protocol.codecs;

async function read(body: Fields, parts = {}): Promise<ChatRequest> {
  return chat.decodeRequest(body, context(parts));
}

function write(
  request: Partial<ChatRequest>,
  model = "gemini-2.5-flash",
): { body: Fields; dropped: string[] } {
  const about = context({ model });
  const body = chat.encodeRequest({ model, messages: [{ role: "user", content: "Hi" }], ...request }, about);
  return { body: JSON.parse(JSON.stringify(body)) as Fields, dropped: about.dropped };
}

test("a request in snake case reads as one in camel case", async () => {
  const snake = {
    system_instruction: { parts: { text: "Be short." } },
    contents: [
      { role: "user", parts: [{ inline_data: { mime_type: "image/png", data: redDot } }] },
      {
        role: "model",
        parts: [{ function_call: { name: "f", args: { snake_case: 1 } }, thought_signature: "c2ln" }],
      },
      { role: "user", parts: [{ function_response: { name: "f", response: { my_key: 1 } } }] },
      {
        role: "user",
        parts: [{ file_data: { mime_type: "application/pdf", file_uri: "https://a.example/b.pdf" } }],
      },
    ],
    tools: [
      {
        function_declarations: [
          {
            name: "f",
            parameters: { type: "OBJECT", properties: { snake_case: { type: "STRING", max_length: "3" } } },
          },
        ],
      },
      { google_search: {} },
    ],
    tool_config: { function_calling_config: { mode: "any", allowed_function_names: ["f"] } },
    generation_config: {
      max_output_tokens: 5,
      stop_sequences: ["END"],
      top_p: 0.5,
      response_mime_type: "application/json",
      response_schema: { type: "STRING", max_length: "3" },
      thinking_config: { thinking_budget: 5, include_thoughts: true },
      speech_config: { voice_config: { prebuilt_voice_config: { voice_name: "Kore" } } },
    },
    safety_settings: [],
  };
  const neutral = await read(snake);
  assert.equal(neutral.messages[0]?.content, "Be short.");
  assert.deepEqual(neutral.messages[1]?.content, [
    { type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } },
  ]);
  const call = neutral.messages[2] as unknown as { tool_calls: [{ id: string }] };
  assert.deepEqual(call.tool_calls, [
    {
      id: call.tool_calls[0].id,
      type: "function",
      function: { name: "f", arguments: '{"snake_case":1}' },
      extra_content: { google: { thought_signature: "c2ln" } },
      extensions: { gemini: { withoutId: true } },
    },
  ]);
  assert.equal((neutral.messages[3] as { tool_call_id: string }).tool_call_id, call.tool_calls[0].id);
  assert.equal(neutral.messages[3]?.content, '{"my_key":1}');
  assert.deepEqual(neutral.messages[4]?.content, [
    { type: "file", file: { file_url: "https://a.example/b.pdf" } },
  ]);
  assert.equal(neutral.max_completion_tokens, 5);
  assert.deepEqual(neutral.stop, ["END"]);
  assert.equal(neutral.top_p, 0.5);
  assert.deepEqual(neutral.audio, { format: "pcm16", voice: "Kore" });
  assert.deepEqual(neutral.reasoning, { exclude: false, max_tokens: 5 });
  assert.deepEqual(neutral.tool_choice, { type: "function", function: { name: "f" } });
  const schema = { type: "string", maxLength: 3 };
  assert.deepEqual(neutral.response_format, {
    type: "json_schema",
    json_schema: { name: "response", schema },
  });
  const [tool, search] = neutral.tools ?? [];
  assert.deepEqual((tool as { function: object }).function, {
    name: "f",
    parameters: { type: "object", properties: { snake_case: schema } },
  });
  assert.deepEqual(search, { type: "extension", protocol: "gemini", value: { googleSearch: {} } });
});

test("what is not of the shape is a 400 that names the place", async () => {
  const wrong: [Fields, RegExp][] = [
    [{}, /contents/],
    [{ contents: "Hi" }, /contents/],
    [{ contents: [{ role: "assistant", parts: [{ text: "Hi" }] }] }, /role/],
    [{ contents: [{ parts: ["Hi"] }] }, /parts/],
    [{ contents: [{ role: "model", parts: [{ functionCall: { args: {} } }] }] }, /name/],
    [{ contents: [{ role: "model", parts: [{ functionCall: { name: "f", args: [] } }] }] }, /args/],
    [{ contents: [{ parts: [{ functionResponse: { name: "f", response: "text" } }] }] }, /response/],
    [{ contents: [{ parts: [{ inlineData: "x" }] }] }, /inlineData/],
    [{ contents: [{ parts: [{ text: "Hi" }] }], tools: [{ functionDeclarations: [{}] }] }, /tools/],
    [{ contents: [{ parts: [{ text: "Hi" }] }], generationConfig: [] }, /generationConfig/],
  ];
  for (const [body, told] of wrong) {
    await assert.rejects(
      () => read(body),
      (error: unknown) => error instanceof GatewayError && error.status === 400 && told.test(error.message),
      JSON.stringify(body),
    );
  }
});

test("made ids are the same whenever the conversation comes again", async () => {
  const turn = {
    role: "model",
    parts: [{ functionCall: { name: "f", args: {} } }, { functionCall: { name: "f", args: {} } }],
  };
  const contents = [{ role: "user", parts: [{ text: "Hi" }] }, turn];
  const ids = ({ messages }: ChatRequest) =>
    messages
      .flatMap((message) => ("tool_calls" in message ? (message.tool_calls ?? []) : []))
      .map(({ id }) => id);
  const first = ids(await read({ contents }, { id: "one" }));
  const later = ids(await read({ contents: [...contents, turn] }, { id: "two" }));
  assert.deepEqual(later.slice(0, 2), first);
  assert.equal(new Set(later).size, 4);
});

test("what cannot be said is noted, and what says nothing is not", () => {
  const said = write({
    logit_bias: { 5: 1 },
    user: "u",
    metadata: { a: "b" },
    prediction: { type: "content", content: "" },
    parallel_tool_calls: false,
    stop: ["1", "2", "3", "4", "5", "6"],
    tools: [
      { type: "function", function: { name: "f", strict: true }, cache_control: { type: "ephemeral" } },
      { type: "extension", protocol: "anthropic", value: { type: "bash_20250124" } },
    ],
    top_a: 0.5,
  } as Partial<ChatRequest>);
  assert.deepEqual(said.dropped.sort(), [
    "logit_bias",
    "metadata",
    "parallel_tool_calls",
    "prediction",
    "stop",
    "tools.anthropic",
    "tools.cache_control",
    "tools.function.strict",
    "top_a",
    "user",
  ]);
  assert.deepEqual(said.body, {
    contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    tools: [{ functionDeclarations: [{ name: "f" }] }],
    generationConfig: { stopSequences: ["1", "2", "3", "4", "5"] },
  });
  const nothing = {
    n: null,
    store: false,
    stream: false,
    parallel_tool_calls: true,
    logit_bias: null,
    user: undefined,
  };
  assert.deepEqual(write(nothing as Partial<ChatRequest>).dropped, []);
});

test("instructions go apart, in order; later ones stay in their place", () => {
  const { body } = write({
    messages: [
      { role: "system", content: "One." },
      { role: "developer", content: [{ type: "text", text: "Two." }] },
      { role: "user", content: "Hi" },
      { role: "system", content: "Three." },
    ],
  });
  assert.deepEqual(body, {
    systemInstruction: { parts: [{ text: "One." }, { text: "Two." }] },
    contents: [{ role: "user", parts: [{ text: "Hi" }, { text: "<system>\nThree.\n</system>" }] }],
  });
  assert.deepEqual(write({ messages: [{ role: "system", content: "Alone." }] }).body, {
    contents: [{ role: "user", parts: [{ text: "<system>\nAlone.\n</system>" }] }],
  });
});

const twoCalls: ChatRequest["messages"] = [
  { role: "user", content: "Hi" },
  {
    role: "assistant",
    content: "",
    tool_calls: [
      { id: "a", type: "function", function: { name: "f", arguments: "" } },
      { id: "b", type: "function", function: { name: "g", arguments: "[1]" } },
    ],
  },
];

test("results stand together behind their calls; objects go as they are, anything else under a name", () => {
  const messages: ChatRequest["messages"] = [
    ...twoCalls,
    { role: "tool", tool_call_id: "b", content: "[1,2]" },
    { role: "tool", tool_call_id: "a", content: '{"ok": true}' },
    { role: "user", content: "And?" },
  ];
  assert.deepEqual(write({ messages }).body["contents"], [
    { role: "user", parts: [{ text: "Hi" }] },
    {
      role: "model",
      parts: [
        { functionCall: { id: "a", name: "f", args: {} } },
        { functionCall: { id: "b", name: "g", args: { input: "[1]" } } },
      ],
    },
    {
      role: "user",
      parts: [
        { functionResponse: { id: "b", name: "g", response: { output: [1, 2] } } },
        { functionResponse: { id: "a", name: "f", response: { ok: true } } },
      ],
    },
    { role: "user", parts: [{ text: "And?" }] },
  ]);
});

test("a call without a result gets one before the talk goes on", () => {
  const messages: ChatRequest["messages"] = [
    ...twoCalls,
    { role: "tool", tool_call_id: "a", content: "no", is_error: true },
    { role: "user", content: "And?" },
  ];
  const contents = write({ messages }).body["contents"] as Fields[];
  assert.deepEqual(contents.slice(2), [
    {
      role: "user",
      parts: [
        { functionResponse: { id: "a", name: "f", response: { error: "no" } } },
        { functionResponse: { id: "b", name: "g", response: { error: "No result." } } },
      ],
    },
    { role: "user", parts: [{ text: "And?" }] },
  ]);
});

test("an image in a result goes inside of it where the model takes it there, else right behind", () => {
  const image = { type: "image_url" as const, image_url: { url: `data:image/png;base64,${redDot}` } };
  const messages: ChatRequest["messages"] = [
    ...twoCalls,
    { role: "tool", tool_call_id: "a", content: [{ type: "text", text: "See:" }, image] },
    { role: "tool", tool_call_id: "b", content: "done" },
  ];
  const inlineData = { mimeType: "image/png", data: redDot };
  const results = (model: string) =>
    (write({ messages }, model).body["contents"] as { parts: Fields[] }[])[2]?.parts;
  const done = { functionResponse: { id: "b", name: "g", response: { output: "done" } } };
  assert.deepEqual(results("gemini-2.5-flash"), [
    { functionResponse: { id: "a", name: "f", response: { output: "See:" } } },
    { inlineData },
    done,
  ]);
  assert.deepEqual(results("gemini-3-flash-preview"), [
    { functionResponse: { id: "a", name: "f", response: { output: "See:" }, parts: [{ inlineData }] } },
    done,
  ]);
});

test("signatures come back; where one is missing, newer models are told so, older ones nothing", () => {
  const signed = (signature?: string): ChatRequest["messages"] => [
    { role: "user", content: "Hi" },
    {
      role: "assistant",
      content: "I look.",
      reasoning_details: [
        { type: "reasoning.text", text: "Claude's", signature: "x", format: "anthropic-claude-v1" },
        { type: "reasoning.text", text: "Mine", signature: "bWluZQ==", format: "google-gemini-v1" },
        { type: "reasoning.encrypted", data: "dGV4dA==", format: "google-gemini-v1" },
      ],
      tool_calls: ["a", "b"].map((id) => ({
        id,
        type: "function",
        function: { name: "f", arguments: "{}" },
        ...(signature && id === "a" && { extra_content: { google: { thought_signature: signature } } }),
      })),
    },
  ];
  const parts = (model: string, signature?: string) =>
    (write({ messages: signed(signature) }, model).body["contents"] as { parts: Fields[] }[])[1]?.parts;
  const before = [
    { text: "Mine", thought: true, thoughtSignature: "bWluZQ==" },
    { text: "I look.", thoughtSignature: "dGV4dA==" },
  ];
  const call = (id: string) => ({ functionCall: { id, name: "f", args: {} } });
  assert.deepEqual(parts("gemini-3-pro-preview", "c2ln"), [
    ...before,
    { ...call("a"), thoughtSignature: "c2ln" },
    call("b"),
  ]);
  const skipped = "skip_thought_signature_validator";
  assert.deepEqual(parts("gemini-3-pro-preview"), [
    ...before,
    { ...call("a"), thoughtSignature: skipped },
    call("b"),
  ]);
  assert.deepEqual(parts("gemini-4-argon")?.[2], { ...call("a"), thoughtSignature: skipped });
  assert.deepEqual(parts("gemini-2.5-pro"), [...before, call("a"), call("b")]);
});

test("media are said as bytes or as URLs, with the type that is known or follows from the name", () => {
  const { body, dropped } = write({
    messages: [
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: "https://a.example/b.webp?x=1", detail: "high" } },
          { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
          { type: "file", file: { file_data: "data:application/pdf;base64,AAAA", filename: "a.pdf" } },
          { type: "file", file: { file_id: "file-abc" } },
          { type: "extension", protocol: "anthropic", value: { type: "search_result" } },
        ],
      },
    ],
  });
  const [{ parts }] = body["contents"] as [{ parts: Fields[] }];
  assert.deepEqual(parts, [
    { fileData: { mimeType: "image/webp", fileUri: "https://a.example/b.webp?x=1" } },
    { inlineData: { mimeType: "audio/wav", data: "AAAA" } },
    { inlineData: { displayName: "a.pdf", mimeType: "application/pdf", data: "AAAA" } },
  ]);
  assert.deepEqual(dropped, [
    "messages.content.image_url.detail",
    "messages.content.file",
    "messages.content.anthropic",
  ]);
});

test("settings of a request", () => {
  const { body, dropped } = write({
    max_tokens: 7,
    n: 2,
    seed: 5_000_000_000,
    top_logprobs: 2,
    logprobs: true,
    service_tier: "priority",
    modalities: ["text", "audio"],
    audio: { format: "wav", voice: "Kore" },
    response_format: { type: "json_object" },
    web_search_options: {},
  });
  assert.deepEqual(body, {
    contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    tools: [{ googleSearch: {} }],
    serviceTier: "priority",
    generationConfig: {
      maxOutputTokens: 7,
      candidateCount: 2,
      seed: 705_032_704,
      logprobs: 2,
      responseLogprobs: true,
      responseModalities: ["AUDIO"],
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
      responseMimeType: "application/json",
    },
  });
  assert.deepEqual(dropped, ["modalities", "audio.format"]);
});
