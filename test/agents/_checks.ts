import assert from "node:assert/strict";
import { callsOf, callId, rounds, signatureOf } from "./_upstreams.ts";
import type { Fields } from "../../core/index.ts";
import type { Spoken } from "../core/translate/_wire.ts";

/** What a service finds in a request: its turns so far. Throws what it would answer 400 with. */
type Check = (body: Fields) => number;

const list = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);

/** All calls of the turns so far, which must be those that the service made, in order. */
function assertCalls(calls: { name: unknown; args: unknown }[], turns: number): void {
  const made = Array.from({ length: turns }, (_, round) => callsOf(round)).flat();
  assert.deepEqual(calls, made, "calls of the turns so far");
}

function idsOf(name: Spoken, turns: number): string[] {
  return Array.from({ length: turns }, (_, round) =>
    callsOf(round).map((_call, at) => callId(name, round, at)),
  ).flat();
}

function assertResult(text: unknown, about: string): void {
  assert.match(JSON.stringify(text ?? null), /result of (read_file|list_tasks)/, about);
}

const parsed = (json: unknown): unknown => {
  assert.equal(typeof json, "string", "arguments are JSON text");
  return JSON.parse(json as string);
};

/** Schemas as a service of JSON Schema takes them. */
function assertTools(tools: Fields[], name: (tool: Fields) => unknown): void {
  assert.ok(tools.length >= 20, `${tools.length} tools`);
  for (const tool of tools) assert.match(String(name(tool)), /^[a-zA-Z0-9_-]{1,64}$/);
}

const openaiChat: Check = ({ messages, tools, stream, model }) => {
  assert.deepEqual([stream, model], [true, "served"]);
  assertTools(list(tools), (tool) => ((tool["function"] ?? tool["custom"]) as Fields)["name"]);
  const open = new Set<unknown>();
  const calls: { name: unknown; args: unknown }[] = [];
  let turns = 0;
  for (const { role, content, tool_calls, tool_call_id, ...rest } of list(messages)) {
    assert.ok(["system", "developer", "user", "assistant", "tool"].includes(role as string), `role ${role}`);
    assert.deepEqual(
      Object.keys(rest).filter((key) => !["name", "refusal", "reasoning_content"].includes(key)),
      [],
    );
    if (role === "tool") {
      assert.ok(open.delete(tool_call_id), `a result of ${tool_call_id} answers no call`);
      assertResult(content, "tool");
      continue;
    }
    assert.equal(open.size, 0, `${role}: calls without a result: ${[...open].join()}`);
    if (role !== "assistant") assert.ok(content, `${role} without content`);
    else turns++;
    for (const call of list(tool_calls)) {
      assert.ok(String(call["id"]).length <= 40, "tool_calls.id is too long");
      const { name, arguments: args } = call["function"] as Fields;
      calls.push({ name, args: parsed(args) });
      open.add(call["id"]);
    }
  }
  assert.equal(open.size, 0, "calls without a result");
  assertCalls(calls, turns);
  return turns;
};

const openaiResponses: Check = ({ input, tools, stream, include, store }) => {
  assert.equal(stream, true);
  const each = list(tools).flatMap((tool) => (tool["type"] === "namespace" ? list(tool["tools"]) : [tool]));
  assertTools(each, (tool) => tool["name"] ?? tool["type"]);
  assert.ok(
    store === false ? list(include).includes("reasoning.encrypted_content" as never) : true,
    "include",
  );
  const open = new Set<unknown>();
  const calls: { name: unknown; args: unknown }[] = [];
  const signed: unknown[] = [];
  let last: unknown;
  for (const item of list(input)) {
    const { type = "message", call_id } = item;
    if (type === "reasoning") signed.push(item["encrypted_content"]);
    if (type === "function_call") {
      if (last === "function_call_output" || last === undefined)
        assert.fail("a function_call without its reasoning item");
      calls.push({ name: item["name"], args: parsed(item["arguments"]) });
      open.add(call_id);
    }
    if (type === "function_call_output") {
      assert.ok(open.delete(call_id), `No tool call found for function call output with call_id ${call_id}`);
      assertResult(item["output"], "output");
    }
    last = type;
  }
  assert.equal(open.size, 0, "No tool output found for function call");
  assert.deepEqual(
    signed,
    signed.map((_, round) => signatureOf(round)),
    "encrypted_content",
  );
  assertCalls(calls, signed.length);
  return signed.length;
};

const anthropic: Check = ({ messages, tools, stream, max_tokens, thinking, temperature, tool_choice }) => {
  assert.equal(stream, true);
  assert.ok(typeof max_tokens === "number" && max_tokens > 0, "max_tokens: Field required");
  const { type, budget_tokens: budget } = (thinking ?? {}) as Fields;
  assert.ok(type === "enabled" || type === "adaptive", "thinking is off");
  if (type === "enabled")
    assert.ok(Number(budget) >= 1024 && Number(budget) < max_tokens, "thinking.budget_tokens");
  assert.ok(temperature === undefined || temperature === 1, "temperature may only be 1 with thinking");
  assert.ok(
    ["auto", "none", undefined].includes((tool_choice as Fields | undefined)?.["type"] as string),
    "tool_choice",
  );
  assertTools(list(tools), (tool) => tool["name"]);
  for (const tool of list(tools)) {
    if (tool["type"] === undefined || tool["type"] === "custom") {
      assert.equal((tool["input_schema"] as Fields)["type"], "object", "input_schema.type: Field required");
    }
  }
  const calls: { name: unknown; args: unknown }[] = [];
  let expected: unknown[] = [];
  let turns = 0;
  // Newer models take instructions in between.
  const said = list(messages).filter(({ role }) => role !== "system");
  for (const [at, { role, content }] of said.entries()) {
    assert.equal(role, at % 2 === 0 ? "user" : "assistant", `messages.${at}: roles must alternate`);
    const blocks = typeof content === "string" ? [{ type: "text", text: content } as Fields] : list(content);
    for (const block of blocks)
      if (block["type"] === "text")
        assert.match(String(block["text"]), /\S/, "text content blocks must be non-empty");
    if (role === "user") {
      const results = blocks.filter((block) => block["type"] === "tool_result");
      assert.deepEqual(
        results.map((block) => block["tool_use_id"]),
        expected,
        "tool_use ids without tool_result blocks",
      );
      assert.ok(
        blocks.slice(0, results.length).every((block) => block["type"] === "tool_result"),
        "tool_result first",
      );
      for (const { content: result } of results) assertResult(result, "tool_result");
      expected = [];
      continue;
    }
    const [first] = blocks;
    assert.deepEqual(
      [first?.["type"], first?.["signature"]],
      ["thinking", signatureOf(turns)],
      `messages.${at}.content.0`,
    );
    const uses = blocks.filter((block) => block["type"] === "tool_use");
    for (const { id, name, input } of uses) {
      assert.match(String(id), /^[a-zA-Z0-9_-]+$/);
      calls.push({ name, args: input });
    }
    expected = uses.map(({ id }) => id);
    turns++;
  }
  assertCalls(calls, turns);
  assert.ok(turns < rounds);
  return turns;
};

/** JSON Schema's words that Gemini's `parameters` refuses. */
const refused = /"(\$schema|\$ref|additionalProperties|const|oneOf|exclusiveMinimum|patternProperties)":/;

const gemini: Check = ({ contents, tools, generationConfig }) => {
  const { thinkingConfig } = (generationConfig ?? {}) as { thinkingConfig?: Fields };
  assert.equal(thinkingConfig?.["includeThoughts"], true, "thinkingConfig");
  const declared = list(tools).flatMap((tool) => list(tool["functionDeclarations"]));
  assertTools(declared, (tool) => tool["name"]);
  for (const { parameters } of declared)
    assert.doesNotMatch(JSON.stringify(parameters ?? {}), refused, "parameters");
  const calls: { name: unknown; args: unknown }[] = [];
  let called: unknown[] = [];
  let turns = 0;
  for (const [at, { role, parts: given }] of list(contents).entries()) {
    const parts = list(given);
    assert.ok(role === "user" || role === "model", `contents[${at}].role`);
    assert.ok(parts.length > 0, `contents[${at}].parts: must contain at least one part`);
    if (at === 0) assert.equal(role, "user");
    if (role === "user") {
      const names = parts.flatMap(({ functionResponse: one }) => (one ? [(one as Fields)["name"]] : []));
      assert.deepEqual(
        names,
        called,
        "the number of function response parts is not that of the function calls",
      );
      for (const { functionResponse: one } of parts)
        if (one) assertResult((one as Fields)["response"], "response");
      called = [];
      continue;
    }
    assert.deepEqual(called, [], "a function call must be followed by its response");
    const uses = parts.filter(({ functionCall }) => functionCall !== undefined);
    assert.equal(uses[0]?.["thoughtSignature"], signatureOf(turns), `contents[${at}]: thought_signature`);
    for (const { functionCall } of uses) {
      const { name, args = {} } = functionCall as Fields;
      calls.push({ name, args });
    }
    called = uses.map(({ functionCall }) => (functionCall as Fields)["name"]);
    turns++;
  }
  assertCalls(calls, turns);
  return turns;
};

const bedrock: Check = ({ messages, toolConfig }) => {
  const tools = list((toolConfig as Fields | undefined)?.["tools"]).filter(({ toolSpec }) => toolSpec);
  assertTools(tools, ({ toolSpec }) => (toolSpec as Fields)["name"]);
  const calls: { name: unknown; args: unknown }[] = [];
  let expected: unknown[] = [];
  let turns = 0;
  for (const [at, { role, content }] of list(messages).entries()) {
    assert.equal(role, at % 2 === 0 ? "user" : "assistant", `messages.${at}: roles must alternate`);
    const blocks = list(content);
    assert.ok(blocks.length > 0, "content is empty");
    for (const block of blocks)
      if ("text" in block) assert.match(String(block["text"]), /\S/, "text is blank");
    if (role === "user") {
      const results = blocks.flatMap(({ toolResult }) => (toolResult ? [toolResult as Fields] : []));
      assert.deepEqual(
        results.map(({ toolUseId }) => toolUseId),
        expected,
        "toolResult blocks",
      );
      for (const { content: result } of results) assertResult(result, "toolResult");
      expected = [];
      continue;
    }
    const reasoning = blocks[0]?.["reasoningContent"] as { reasoningText?: Fields } | undefined;
    assert.equal(reasoning?.reasoningText?.["signature"], signatureOf(turns), `messages.${at}: signature`);
    const uses = blocks.flatMap(({ toolUse }) => (toolUse ? [toolUse as Fields] : []));
    for (const { toolUseId, name, input } of uses) {
      assert.match(String(toolUseId), /^[a-zA-Z0-9_.:-]{1,64}$/);
      calls.push({ name, args: input });
    }
    expected = uses.map(({ toolUseId }) => toolUseId);
    turns++;
  }
  assertCalls(calls, turns);
  return turns;
};

const cohere: Check = ({ messages, tools, stream }) => {
  assert.equal(stream, true);
  assertTools(list(tools), (tool) => (tool["function"] as Fields)["name"]);
  const ids: unknown[] = [];
  const answered: unknown[] = [];
  const calls: { name: unknown; args: unknown }[] = [];
  let turns = 0;
  for (const { role, content, tool_calls, tool_call_id } of list(messages)) {
    assert.ok(["system", "user", "assistant", "tool"].includes(role as string), `role ${role}`);
    if (role === "assistant") turns++;
    if (role === "tool") {
      answered.push(tool_call_id);
      assertResult(content, "tool");
    }
    for (const call of list(tool_calls)) {
      const { name, arguments: args } = call["function"] as Fields;
      calls.push({ name, args: parsed(args) });
      ids.push(call["id"]);
    }
  }
  assert.deepEqual(answered, ids, "results");
  assert.deepEqual(ids, idsOf("cohere", turns), "ids");
  assertCalls(calls, turns);
  return turns;
};

const ollama: Check = ({ messages, tools, stream }) => {
  assert.equal(stream, true);
  assertTools(list(tools), (tool) => (tool["function"] as Fields)["name"]);
  const calls: { name: unknown; args: unknown }[] = [];
  const answered: unknown[] = [];
  let turns = 0;
  for (const { role, content, tool_calls, tool_name } of list(messages)) {
    assert.equal(typeof (content ?? ""), "string", "content is text");
    if (role === "assistant") turns++;
    if (role === "tool") {
      answered.push(tool_name);
      assertResult(content, "tool");
    }
    for (const call of list(tool_calls)) {
      const { name, arguments: args } = call["function"] as Fields;
      calls.push({ name, args });
    }
  }
  assert.deepEqual(
    answered,
    calls.map(({ name }) => name),
    "results",
  );
  assertCalls(calls, turns);
  return turns;
};

export const checks: Record<Spoken, Check> = {
  "openai-chat": openaiChat,
  "openai-responses": openaiResponses,
  anthropic,
  gemini,
  "bedrock-converse": bedrock,
  cohere,
  ollama,
};
