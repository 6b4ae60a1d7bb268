import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sendJson, startGateway, startUpstream } from "../../../_gateway.ts";
import { sseFrames } from "../../../../core/index.ts";
import type { Fields } from "../../../../core/index.ts";
import type { TestGateway, TestUpstream } from "../../../_gateway.ts";

/**
 * A session as Claude Code has one: a long list of tools with cache marks and deferred ones, a system prompt of marked
 * blocks, thinking, `?beta=true`, counts of tokens, reminders in mid-conversation, results with references to tools;
 * ten turns of it against a server that speaks Chat Completions.
 */
let upstream: TestUpstream;
let gateway: TestGateway;

const model = "claude-opus-5-5";
const rounds = 10;

before(async () => {
  upstream = await startUpstream((req, res) => {
    const { messages } = JSON.parse(req.body.toString()) as { messages: Fields[] };
    const round = messages.filter(({ role }) => role === "assistant").length;
    const chunk = { id: `chatcmpl-${round}`, object: "chat.completion.chunk", created: 1, model: "m" };
    const delta = (fields: Fields, finish_reason: string | null = null): Fields => ({
      ...chunk,
      choices: [{ index: 0, delta: fields, finish_reason }],
    });
    const call = (index: number, id: string, name: string, args: string): Fields =>
      delta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: args } }] });
    const chunks =
      round < rounds - 1
        ? [
            delta({ role: "assistant", reasoning_content: `Round ${round}: ` }),
            delta({ reasoning_content: "read, then list." }),
            delta({ content: "Let me see." }),
            call(0, `call_${round}_a`, "Read", ""),
            delta({
              tool_calls: [{ index: 0, function: { arguments: `{"file_path":"/src/${round}.ts"}` } }],
            }),
            // Several models leave the arguments out where a tool has none.
            call(1, `call_${round}_b`, "ListTasks", ""),
            delta({}, "tool_calls"),
          ]
        : [delta({ role: "assistant", content: "All done. ✅" }), delta({}, "stop")];
    const usage = { prompt_tokens: 1000 + round, completion_tokens: 40, total_tokens: 1040 + round };
    const lines = [...chunks, { ...chunk, choices: [], usage }].map(
      (one) => `data: ${JSON.stringify(one)}\n\n`,
    );
    if (req.url?.includes("count")) return sendJson(res, 404, {});
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.end(`${lines.join("")}data: [DONE]\n\n`);
  });
  gateway = await startGateway({
    upstreams: [
      { provider: "openai", baseURL: `${upstream.url}/v1`, key: "uk", models: [{ "glm-5": "claude-*" }] },
    ],
    plugins: [{ auth: { anonymous: true } }, { retry: { attempts: 1 } }],
  });
});

after(async () => {
  await gateway.close();
  await upstream.close();
});

const mark = { type: "ephemeral", ttl: "1h" };

const tools: Fields[] = [
  ...Array.from({ length: 24 }, (_, i) => ({
    name: `mcp__server__tool_${i}`,
    description: `Does thing ${i}.`,
    input_schema: {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: { value: { type: "string" } },
      additionalProperties: false,
    },
    ...(i > 4 && { defer_loading: true }),
  })),
  {
    name: "Read",
    description: "Reads a file.",
    input_schema: { type: "object", properties: { file_path: { type: "string" } }, required: ["file_path"] },
    input_examples: [{ file_path: "/a" }],
  },
  {
    name: "ListTasks",
    description: "Lists.",
    input_schema: { type: "object", properties: {} },
    cache_control: mark,
  },
  { type: "tool_search_tool_regex_20251119", name: "tool_search_tool_regex" },
];

const system = [
  { type: "text", text: "x-anthropic-billing-header: cc_version=2.1.288;" },
  { type: "text", text: "You are Claude Code.", cache_control: mark },
  { type: "text", text: "# Environment\n…", cache_control: { type: "ephemeral" } },
];

function request(messages: Fields[]): Fields {
  return {
    model,
    max_tokens: 32_000,
    stream: true,
    system,
    tools,
    messages,
    metadata: { user_id: '{"device_id":"d","account_uuid":"","session_id":"s"}' },
    thinking: { type: "adaptive", display: "omitted" },
    output_config: { effort: "high" },
    context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
  };
}

const headers = {
  "content-type": "application/json",
  "x-api-key": "sk-caller",
  "anthropic-version": "2023-06-01",
  "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27",
  "anthropic-dangerous-direct-browser-access": "true",
  "x-app": "cli",
  "x-stainless-lang": "js",
};

async function send(path: string, body: Fields): Promise<Response> {
  const response = await fetch(gateway.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(response.status, 200);
  return response;
}

/** The message that a client puts together from a stream. */
async function message(
  response: Response,
): Promise<{ content: Fields[]; stop_reason: unknown; usage: Fields }> {
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const content: (Fields & { json?: string })[] = [];
  let stop_reason: unknown;
  let usage: Fields = {};
  for (const { data } of sseFrames().push(new Uint8Array(await response.arrayBuffer()))) {
    const event = JSON.parse(data) as Fields & { delta: Record<string, string> };
    const block = content.at(-1);
    if (event["type"] === "content_block_start") content.push({ ...(event["content_block"] as Fields) });
    if (event["type"] === "content_block_delta" && block) {
      const { text, thinking, partial_json } = event.delta;
      if (text !== undefined) block["text"] += text;
      if (thinking !== undefined) block["thinking"] += thinking;
      if (partial_json !== undefined) block.json = (block.json ?? "") + partial_json;
    }
    if (event["type"] === "message_delta") {
      stop_reason = event.delta["stop_reason"];
      usage = event["usage"] as Fields;
    }
  }
  const blocks = content.map(({ json, ...block }): Fields => {
    return block["type"] === "tool_use" ? { ...block, input: JSON.parse(json || "{}") as unknown } : block;
  });
  return { content: blocks, stop_reason, usage };
}

test("ten turns of Claude Code on a server that speaks Chat Completions", async () => {
  const messages: Fields[] = [
    {
      role: "user",
      content: [
        { type: "text", text: "<system-reminder>\nToday is…\n</system-reminder>" },
        { type: "text", text: "Fix the bug.", cache_control: mark },
      ],
    },
    { role: "system", content: [{ type: "text", text: "Deferred tools are listed.", cache_control: mark }] },
  ];
  let last;
  for (let round = 0; round < rounds; round++) {
    const counted = await send("/v1/messages/count_tokens?beta=true", { model, system, tools, messages });
    const { input_tokens } = (await counted.json()) as { input_tokens: number };
    assert.ok(input_tokens > 0);
    last = await message(await send("/v1/messages?beta=true", request(messages)));
    assert.equal(last.usage["input_tokens"], 1000 + round);
    if (last.stop_reason !== "tool_use") break;
    assert.deepEqual(last.content, [
      { type: "thinking", thinking: `Round ${round}: read, then list.`, signature: "" },
      { type: "text", text: "Let me see." },
      { type: "tool_use", id: `call_${round}_a`, name: "Read", input: { file_path: `/src/${round}.ts` } },
      { type: "tool_use", id: `call_${round}_b`, name: "ListTasks", input: {} },
    ]);
    const failed = round % 2 === 1;
    messages.push(
      { role: "assistant", content: last.content },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: `call_${round}_a`,
            content: `1→const n = ${round};`,
            ...(failed && { is_error: true }),
          },
          {
            type: "tool_result",
            tool_use_id: `call_${round}_b`,
            content: [{ type: "tool_reference", tool_name: "mcp__server__tool_9" }],
            cache_control: mark,
          },
          ...(round === 3 ? [{ type: "text", text: "<system-reminder>Hurry.</system-reminder>" }] : []),
        ],
      },
    );
  }
  assert.deepEqual(last?.content, [{ type: "text", text: "All done. ✅" }]);
  assert.equal(last?.stop_reason, "end_turn");
  assertSent();
});

/** What came to the upstream in the last turn. */
function assertSent(): void {
  assert.equal(upstream.requests.length, rounds);
  const { url, headers: sent, body } = upstream.requests.at(-1) ?? assert.fail();
  assert.equal(url, "/v1/chat/completions");
  assert.ok(!Object.keys(sent).some((name) => name.startsWith("anthropic-")));
  const {
    messages,
    tools: sentTools,
    ...rest
  } = JSON.parse(body.toString()) as { messages: Fields[]; tools: Fields[] } & Fields;
  assert.equal(rest["model"], "glm-5");
  assert.equal(rest["stream"], true);
  assert.equal(rest["reasoning_effort"], "high");
  assert.deepEqual(sentTools.length, 26);
  assert.ok(sentTools.every(({ type }) => type === "function"));
  const roles = messages.map(({ role }) => role);
  const round = ["assistant", "tool", "tool"];
  assert.deepEqual(roles, [
    "system",
    "user",
    "system",
    ...Array.from({ length: 4 }, () => round).flat(),
    "user",
    ...Array.from({ length: 5 }, () => round).flat(),
  ]);
  const called = messages.flatMap(({ tool_calls: calls }) => (calls as Fields[] | undefined) ?? []);
  const answered = messages.flatMap(({ tool_call_id: id }) => (id === undefined ? [] : [id]));
  assert.deepEqual(
    called.map(({ id }) => id),
    answered,
  );
  assert.deepEqual(called[1], {
    id: "call_0_b",
    type: "function",
    function: { name: "ListTasks", arguments: "{}" },
  });
  const text = JSON.stringify(messages);
  for (const said of ["Fix the bug.", "Deferred tools are listed.", "mcp__server__tool_9", "Hurry."]) {
    assert.ok(text.includes(said), said);
  }
}
