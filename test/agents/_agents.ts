import assert from "node:assert/strict";
import { sseFrames } from "../../core/index.ts";
import type { Fields } from "../../core/index.ts";

/** One agent: asks for the next turn, and gives its text when there are no more calls. */
export interface Agent {
  name: string;
  /** Runs its loop to the end, at most `limit` turns. */
  run(url: string, model: string, limit: number): Promise<{ turns: number; text: string }>;
}

const key = "sk-agent-0001";

const schema = (required: string[]): Fields => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: {
    path: { type: "string", description: "Absolute path.", minLength: 1 },
    lines: { type: "array", items: { type: "integer", exclusiveMinimum: 0 } },
    mode: { anyOf: [{ const: "read" }, { type: "null" }] },
  },
  required,
  additionalProperties: false,
});

/** A long list, of which two are called. */
const toolNames = [
  "read_file",
  "list_tasks",
  ...Array.from({ length: 22 }, (_, i) => `mcp__server__tool_${i}`),
];
const schemaOf = (name: string): Fields =>
  name === "list_tasks" ? { type: "object", properties: {}, additionalProperties: false } : schema(["path"]);

async function eventsOf(response: Response): Promise<Fields[]> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.equal(response.status, 200, new TextDecoder().decode(bytes));
  const frames = sseFrames();
  return [...frames.push(bytes), ...frames.end()].map(({ data }) => JSON.parse(data) as Fields);
}

async function counted(response: Response, field: string): Promise<void> {
  const body = (await response.json()) as Fields;
  assert.equal(response.status, 200, JSON.stringify(body));
  assert.ok(Number(body[field]) > 0, field);
}

const json = { "content-type": "application/json" };
const resultOf = (name: unknown): string => `result of ${name}: 1→ok — 漢`;
const mark = { type: "ephemeral" };

/** A message put together from the events of a stream, block by block, as the agent keeps it. */
function blocksOf(events: readonly Fields[]): Fields[] {
  const blocks: (Fields & { json?: string })[] = [];
  for (const { type, index, content_block: begun, delta } of events as (Fields & {
    index: number;
    delta: Fields;
  })[]) {
    if (type === "content_block_start") blocks[index] = { ...(begun as Fields) };
    const block = blocks[index];
    if (type !== "content_block_delta" || !block) continue;
    if (delta["partial_json"] !== undefined) block.json = (block.json ?? "") + delta["partial_json"];
    for (const name of ["text", "thinking", "signature"]) {
      if (delta[name] !== undefined) block[name] = `${block[name] ?? ""}${delta[name]}`;
    }
  }
  assert.equal(events.at(-1)?.["type"], "message_stop");
  return blocks.map(({ json: input, ...block }): Fields => {
    return block["type"] === "tool_use" ? { ...block, input: JSON.parse(input || "{}") as unknown } : block;
  });
}

export const claudeCode: Agent = {
  name: "Claude Code",
  async run(url, model, limit) {
    const headers = {
      ...json,
      "x-api-key": key,
      "anthropic-version": "2023-06-01",
      "anthropic-dangerous-direct-browser-access": "true",
      "anthropic-beta": [
        "claude-code-20250219",
        "interleaved-thinking-2025-05-14",
        "thinking-token-count-2026-05-13",
        "context-management-2025-06-27",
        "prompt-caching-scope-2026-01-05",
        "mid-conversation-system-2026-04-07",
        "effort-2025-11-24",
      ].join(),
      "x-app": "cli",
      "x-claude-code-session-id": "0199c2c4-0000-7000-8000-000000000001",
      "x-stainless-lang": "js",
      "x-stainless-retry-count": "0",
      "user-agent": "claude-cli/2.1.293 (external, cli)",
    };
    const system = [
      { type: "text", text: "x-anthropic-billing-header: cc_version=2.1.293; cc_entrypoint=cli;" },
      { type: "text", text: "You are Claude Code.", cache_control: { ...mark, ttl: "1h", scope: "global" } },
      { type: "text", text: "You use tools.\n".repeat(200), cache_control: { ...mark, ttl: "1h" } },
    ];
    const tools = toolNames.map((name) => ({
      name,
      description: `Does ${name}.`,
      input_schema: schemaOf(name),
      eager_input_streaming: true,
    }));
    const messages: Fields[] = [
      {
        role: "user",
        content: [
          { type: "text", text: "<system-reminder>\nToday.\n</system-reminder>" },
          { type: "text", text: "Fix the bug.", cache_control: mark },
        ],
      },
      { role: "system", content: "# Environment\nLinux" },
    ];
    for (let turns = 1; turns <= limit; turns++) {
      const shared = { model, system, tools, messages };
      const send = (path: string, body: object): Promise<Response> =>
        fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
      await counted(await send("/v1/messages/count_tokens?beta=true", shared), "input_tokens");
      const request = {
        ...shared,
        max_tokens: 64_000,
        thinking: { type: "adaptive", display: "updates" },
        output_config: { effort: "high" },
        context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
        diagnostics: { previous_message_id: turns > 1 ? "msg_1" : null },
        metadata: { user_id: JSON.stringify({ device_id: "d1", account_uuid: "", session_id: "s2" }) },
        stream: true,
      };
      const content = blocksOf(await eventsOf(await send("/v1/messages?beta=true", request)));
      const uses = content.filter(({ type }) => type === "tool_use");
      if (uses.length === 0) return { turns, text: content.map(({ text }) => text ?? "").join("") };
      const results = uses.map(({ id, name }, at) => ({
        type: "tool_result",
        tool_use_id: id,
        content: at === 0 ? resultOf(name) : [{ type: "text", text: resultOf(name) }],
        ...(at === uses.length - 1 && { cache_control: mark }),
      }));
      messages.push({ role: "assistant", content }, { role: "user", content: results });
    }
    return { turns: limit, text: "" };
  },
};

export const codex: Agent = {
  name: "Codex",
  async run(url, model, limit) {
    const headers = {
      ...json,
      authorization: `Bearer ${key}`,
      accept: "text/event-stream",
      originator: "codex_cli_rs",
      "session-id": "0199c2c4",
      "thread-id": "0199c2c4",
      "x-client-request-id": "0199c2c4",
      "x-codex-window-id": "0199c2c4:0",
      "x-codex-turn-metadata": '{"turn_id":"0199c2c5"}',
      "x-codex-beta-features": "terminal_resize_reflow",
      "user-agent": "codex_cli_rs/0.146.0 (Debian 13; x86_64) xterm",
    };
    const functionOf = (name: string): Fields => ({
      type: "function",
      name,
      description: `Does ${name}.`,
      strict: false,
      parameters: schemaOf(name),
    });
    const server = "mcp__server__";
    const served = toolNames.filter((name) => name.startsWith(server));
    const tools = [
      ...toolNames.filter((name) => !name.startsWith(server)).map(functionOf),
      {
        type: "custom",
        name: "apply_patch",
        description: "Edits files. This is a FREEFORM tool, so do not wrap the patch in JSON.",
        format: { type: "grammar", syntax: "lark", definition: 'start: "*** Begin Patch" LF' },
      },
      { type: "web_search", external_web_access: true },
      {
        type: "namespace",
        name: server,
        description: "Tools of a server.",
        tools: served.map((name) => functionOf(name.slice(server.length))),
      },
    ];
    const said = (role: string, text: string): Fields => ({
      type: "message",
      role,
      content: [{ type: "input_text", text }],
    });
    const input: Fields[] = [
      said("developer", "<permissions instructions>…</permissions instructions>"),
      said("user", "<environment_context>…</environment_context>"),
      said("user", "Fix the bug."),
    ];
    for (let turns = 1; turns <= limit; turns++) {
      const request = {
        model,
        instructions: "You are a coding agent running in the Codex CLI.\n".repeat(100),
        input,
        tools,
        tool_choice: "auto",
        parallel_tool_calls: true,
        reasoning: { effort: "medium", summary: "auto" },
        store: false,
        stream: true,
        include: ["reasoning.encrypted_content"],
        prompt_cache_key: "0199c2c4-0000-7000-8000-000000000001",
        text: { verbosity: "low" },
        client_metadata: { "x-codex-installation-id": "0199c2c6" },
      };
      const events = await eventsOf(
        await fetch(`${url}/v1/responses`, { method: "POST", headers, body: JSON.stringify(request) }),
      );
      assert.equal(events.at(-1)?.["type"], "response.completed", JSON.stringify(events.at(-1)));
      const items = events.flatMap(({ type, item }) =>
        type === "response.output_item.done" ? [item as Fields] : [],
      );
      const calls = items.filter(({ type }) => type === "function_call");
      if (calls.length === 0)
        return {
          turns,
          text: events
            .map(({ type, delta }) => (type === "response.output_text.delta" ? delta : ""))
            .join(""),
        };
      // Ids are the service's own affair where it keeps nothing.
      input.push(...items.map(({ id: _id, status: _status, ...item }) => item));
      input.push(
        ...calls.map(({ call_id, name }) => ({
          type: "function_call_output",
          call_id,
          output: resultOf(name),
        })),
      );
    }
    return { turns: limit, text: "" };
  },
};

export const geminiCli: Agent = {
  name: "Gemini CLI",
  async run(url, model, limit) {
    const headers = {
      ...json,
      "x-goog-api-key": key,
      "x-goog-api-client": "google-genai-sdk/1.30.0 gl-node/v22",
      "x-gemini-api-privileged-user-id": "0199c2c4-installation",
      "user-agent": "GeminiCLI/0.40.0/gemini-3-pro (linux; x64; terminal)",
    };
    const functionDeclarations = toolNames.map((name) => ({
      name,
      description: `Does ${name}.`,
      ...(name !== "list_tasks" && { parametersJsonSchema: schemaOf(name) }),
    }));
    const contents: Fields[] = [
      { role: "user", parts: [{ text: "This is the Gemini CLI." }, { text: "Fix the bug." }] },
    ];
    const send = (action: string, body: object): Promise<Response> =>
      fetch(`${url}/v1beta/models/${model}:${action}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
    for (let turns = 1; turns <= limit; turns++) {
      await counted(await send("countTokens", { contents }), "totalTokens");
      const request = {
        contents,
        systemInstruction: {
          role: "user",
          parts: [{ text: "You are an interactive CLI agent.\n".repeat(100) }],
        },
        tools: [{ functionDeclarations }],
        generationConfig: {
          temperature: 1,
          topP: 0.95,
          topK: 64,
          thinkingConfig: { includeThoughts: true, thinkingBudget: 8192 },
        },
      };
      const events = await eventsOf(await send("streamGenerateContent?alt=sse", request));
      const parts = events.flatMap(({ candidates }) => {
        const [one] = candidates as { content?: { parts?: Fields[] } }[];
        return one?.content?.parts ?? [];
      });
      const calls = parts.flatMap(({ functionCall }) => (functionCall ? [functionCall as Fields] : []));
      const spoken = parts.filter(({ thought, text }) => !thought && typeof text === "string" && text !== "");
      if (calls.length === 0) return { turns, text: spoken.map(({ text }) => text).join("") };
      // Its history holds no thoughts; signatures stay on the parts that they came on.
      const kept = parts.filter((part) => !part["thought"] && part["text"] !== "");
      const responses = calls.map(({ id, name }) => ({
        functionResponse: { ...(id !== undefined && { id }), name, response: { output: resultOf(name) } },
      }));
      contents.push({ role: "model", parts: kept }, { role: "user", parts: responses });
    }
    return { turns: limit, text: "" };
  },
};
