import assert from "node:assert/strict";
import { test } from "node:test";
import { sseFrames } from "../../../../core/index.ts";
import type { AssistantMessage, Fields } from "../../../../core/index.ts";
import { chat } from "../../../../plugins/protocols/openai-responses/codec.ts";
import { assertRequestIdentity, bytesOf, context } from "../_codec.ts";
import { chatProvider, startBefore, startService, streams } from "./_servers.ts";

/** What Codex CLI sends: long instructions, its tools, and at each turn all items so far, without ids. */
function codexRequest(input: Fields[]): Fields {
  return {
    model: "model-1",
    instructions: "You are a coding agent running in the Codex CLI.\n".repeat(300),
    input,
    tools: [
      {
        type: "function",
        name: "shell",
        description: "Runs a shell command and returns its output.",
        strict: false,
        parameters: {
          type: "object",
          properties: { command: { type: "array", items: { type: "string" } }, workdir: { type: "string" } },
          required: ["command"],
          additionalProperties: false,
        },
      },
      {
        type: "function",
        name: "update_plan",
        description: "Updates the task plan.",
        strict: false,
        parameters: { type: "object", properties: { plan: { type: "array", items: { type: "object" } } } },
      },
      {
        type: "custom",
        name: "apply_patch",
        description: "Use the `apply_patch` tool to edit files.",
        format: {
          type: "grammar",
          syntax: "lark",
          definition: 'start: "*** Begin Patch" LF hunk+ end_patch',
        },
      },
      { type: "local_shell" },
      { type: "web_search", external_web_access: false },
    ],
    tool_choice: "auto",
    parallel_tool_calls: true,
    reasoning: { effort: "medium", summary: "auto" },
    store: false,
    stream: true,
    include: ["reasoning.encrypted_content"],
    prompt_cache_key: "0199c2c4-0000-7000-8000-000000000001",
    text: { verbosity: "low" },
  };
}

const headers = {
  "content-type": "application/json",
  authorization: "Bearer sk-one-0001",
  accept: "text/event-stream",
  originator: "codex_cli_rs",
  session_id: "0199c2c4",
  conversation_id: "0199c2c4",
  "openai-beta": "responses=experimental",
  "x-codex-turn-metadata": "{}",
  version: "0.60.0",
};

const user = (text: string): Fields => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text }],
});

/** An item as Codex sends it back: its ids are the service's own affair. */
function sentBack({ id: _id, status: _status, ...item }: Fields): Fields {
  return item["type"] === "reasoning" ? { ...item, content: null } : item;
}

function eventsOf(text: string): Fields[] {
  const frames = sseFrames();
  return [...frames.push(bytesOf(text)), ...frames.end()].map(({ data }) => JSON.parse(data) as Fields);
}

/** What the model says in each turn: it thinks, calls in parallel, patches, and at last speaks. */
function turn(at: number): [deltas: Fields[], finish: string] {
  const think: Fields[] = [
    { role: "assistant", reasoning_content: `Turn ${at}` },
    { reasoning_content: " — hm" },
  ];
  if (at === 9) return [[...think, { content: "Done " }, { content: "🎉" }], "stop"];
  const call = (index: number, id: string, name: string, args: string): Fields => ({
    tool_calls: [{ index, id, type: "function", function: { name, arguments: args } }],
  });
  if (at % 3 === 2) {
    const custom = {
      index: 0,
      id: `call_${at}_p`,
      type: "custom",
      custom: { name: "apply_patch", input: "*** Begin Patch\n" },
    };
    return [
      [
        ...think,
        { tool_calls: [custom] },
        { tool_calls: [{ index: 0, custom: { input: "*** End Patch" } }] },
      ],
      "tool_calls",
    ];
  }
  return [
    [
      ...think,
      { content: "I look." },
      call(0, `call_${at}_a`, "shell", '{"command":["ls"]}'),
      call(1, `call_${at}_b`, "update_plan", '{"plan":[]}'),
    ],
    "tool_calls",
  ];
}

test("Codex over ten turns with tools, answered by a service of Chat Completions", async () => {
  const service = await startService();
  const gateway = await startBefore(chatProvider, service);
  const input: Fields[] = [user("<environment_context>…</environment_context>"), user("Fix the bug — ä")];
  let calls = 0;
  for (let at = 0; at < 10; at++) {
    service.answers[0] = streams(...turn(at));
    await assertRequestIdentity(chat, codexRequest(input));
    const response = await fetch(`${gateway.url}/v1/responses`, {
      method: "POST",
      headers,
      body: JSON.stringify(codexRequest(input)),
    });
    assert.equal(response.status, 200);
    const events = eventsOf(await response.text());
    assert.equal(events.at(-1)?.["type"], "response.completed");
    // Codex takes items as they are done.
    const items = events
      .filter(({ type }) => type === "response.output_item.done")
      .map(({ item }) => item as Fields);
    input.push(...items.map(sentBack));
    for (const { type, call_id } of items) {
      if (type === "function_call")
        input.push({ type: "function_call_output", call_id, output: `{"output":"${at}"}` });
      if (type === "custom_tool_call")
        input.push({ type: "custom_tool_call_output", call_id, output: "Success." });
      if (type === "function_call" || type === "custom_tool_call") calls++;
    }
    assertAsked(service.last(), service.requests.at(-1)?.headers ?? {}, at, calls);
  }
  assert.equal(calls, 15);
  assert.deepEqual((input.at(-1) as { content: Fields[] }).content, [
    { type: "output_text", text: "Done 🎉", annotations: [] },
  ]);
  await gateway.close();
  await service.close();
});

/** What the service was asked in a turn. */
function assertAsked(body: Fields, headers: Record<string, unknown>, at: number, calls: number): void {
  const messages = body["messages"] as Fields[];
  assert.equal(messages[0]?.["role"], "system");
  assert.deepEqual(
    messages.slice(1, 3).map(({ role, content }) => [role, content]),
    [
      ["user", "<environment_context>…</environment_context>"],
      ["user", "Fix the bug — ä"],
    ],
  );
  const turns = messages.filter(({ role }) => role === "assistant");
  assert.equal(turns.length, at);
  const asked = turns.flatMap(({ tool_calls }) => (tool_calls ?? []) as Fields[]).map(({ id }) => id);
  const answered = messages.filter(({ role }) => role === "tool").map(({ tool_call_id }) => tool_call_id);
  assert.deepEqual(answered, asked);
  const inThisTurn = at === 9 ? 0 : at % 3 === 2 ? 1 : 2;
  assert.equal(asked.length, calls - inThisTurn);
  assert.deepEqual(
    (body["tools"] as Fields[]).map(({ type }) => type),
    ["function", "function", "custom"],
  );
  assert.equal(body["parallel_tool_calls"], true);
  assert.equal(body["reasoning_effort"], "medium");
  for (const name of [
    "originator",
    "session_id",
    "conversation_id",
    "openai-beta",
    "x-codex-turn-metadata",
  ]) {
    assert.equal(headers[name], undefined, name);
  }
}

test("Codex's items in the neutral shape", async () => {
  const input = [
    user("Fix it"),
    {
      type: "reasoning",
      summary: [{ type: "summary_text", text: "**Look**" }],
      content: null,
      encrypted_content: "gAAAA",
    },
    {
      type: "local_shell_call",
      call_id: "call_1",
      status: "completed",
      action: { type: "exec", command: ["ls"], env: {} },
    },
    { type: "function_call_output", call_id: "call_1", output: "a" },
    { type: "custom_tool_call", call_id: "call_2", name: "apply_patch", input: "*** Begin Patch" },
    { type: "custom_tool_call_output", call_id: "call_2", output: "Success." },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "Done." }] },
  ];
  const { messages } = await chat.decodeRequest(codexRequest(input), context());
  assert.deepEqual(
    messages.map(({ role }) => role),
    ["system", "user", "assistant", "user", "assistant", "tool", "assistant"],
  );
  const [, , first, , second] = messages as AssistantMessage[];
  assert.deepEqual(first?.reasoning_details, [
    { type: "reasoning.summary", summary: "**Look**", format: "openai-responses-v1" },
    { type: "reasoning.encrypted", data: "gAAAA", format: "openai-responses-v1" },
  ]);
  assert.deepEqual(first?.content, [{ type: "extension", protocol: "openai-responses", value: input[2] }]);
  // The output of a call that no other service could have made answers nothing there.
  assert.deepEqual(messages[3]?.content, [
    { type: "extension", protocol: "openai-responses", value: input[3] },
  ]);
  assert.deepEqual(second?.tool_calls, [
    { id: "call_2", type: "custom", custom: { name: "apply_patch", input: "*** Begin Patch" } },
  ]);
  await assertRequestIdentity(chat, codexRequest(input));
});
