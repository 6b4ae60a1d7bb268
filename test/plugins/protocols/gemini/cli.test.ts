import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { GoogleGenAI } from "@google/genai";
import { sendJson, startGateway, startUpstream } from "../../../_gateway.ts";
import type { Content, FunctionDeclaration, GenerateContentConfig, Part } from "@google/genai";
import type { ServerResponse } from "node:http";
import type { Fields } from "../../../../core/index.ts";
import type { TestGateway, TestUpstream } from "../../../_gateway.ts";

/** Requests as Gemini CLI makes them: a turn streams, its parts go back as they came, with a result for each call. */

const turns = 10;
const callerKey = "sk-caller-cli";

const names = [
  "read_file",
  "write_file",
  "replace",
  "run_shell_command",
  "glob",
  "search_file_content",
  "list_directory",
  "web_fetch",
  "google_web_search",
  "save_memory",
  "read_many_files",
  "write_todos",
];

const functionDeclarations: FunctionDeclaration[] = names.map((name) => ({
  name,
  description: `Does ${name}.`,
  parametersJsonSchema: {
    type: "object",
    properties: {
      path: { type: "string", description: "Absolute path." },
      offset: { type: "number", exclusiveMinimum: 0 },
      todos: {
        type: "array",
        items: { type: "object", properties: { status: { type: "string", enum: ["pending", "done"] } } },
      },
    },
    required: ["path"],
    additionalProperties: false,
  },
}));

const config: GenerateContentConfig = {
  systemInstruction: { role: "user", parts: [{ text: "You are an interactive CLI agent." }] },
  temperature: 0,
  topP: 1,
  thinkingConfig: { includeThoughts: true, thinkingBudget: 8192 },
  tools: [{ functionDeclarations }],
};

let claude: TestUpstream;
let gpt: TestUpstream;
let gateway: TestGateway;

function event(res: ServerResponse, data: { type: string } & Fields): void {
  res.write(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
}

function block(res: ServerResponse, index: number, content_block: Fields, deltas: Fields[]): void {
  event(res, { type: "content_block_start", index, content_block });
  for (const delta of deltas) event(res, { type: "content_block_delta", index, delta });
  event(res, { type: "content_block_stop", index });
}

/** A thought that is signed, a word, and two calls; in the end a word alone. */
function answerClaude(body: Fields, res: ServerResponse): void {
  const turn = (body["messages"] as Fields[]).filter(({ role }) => role === "assistant").length;
  const usage = { input_tokens: 100, output_tokens: 1 };
  res.writeHead(200, { "content-type": "text/event-stream" });
  const message = {
    id: `msg_${turn}`,
    type: "message",
    role: "assistant",
    model: "claude",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  event(res, { type: "message_start", message });
  block(res, 0, { type: "thinking", thinking: "", signature: "" }, [
    { type: "thinking_delta", thinking: `Überlegung ${turn} ` },
    { type: "thinking_delta", thinking: "🤔" },
    { type: "signature_delta", signature: `signature+/${turn}==` },
  ]);
  block(res, 1, { type: "text", text: "" }, [{ type: "text_delta", text: `Step ${turn}.` }]);
  if (turn < turns) {
    for (const i of [0, 1]) {
      block(res, 2 + i, { type: "tool_use", id: `toolu_${turn}_${i}`, name: "read_file", input: {} }, [
        { type: "input_json_delta", partial_json: '{"path":' },
        { type: "input_json_delta", partial_json: `"/${turn}/${i}"}` },
      ]);
    }
  }
  event(res, {
    type: "message_delta",
    delta: { stop_reason: turn < turns ? "tool_use" : "end_turn", stop_sequence: null },
    usage: { output_tokens: 20 },
  });
  event(res, { type: "message_stop" });
  res.end();
}

/** The same as OpenAI's vendors say it. */
function answerGPT(body: Fields, res: ServerResponse): void {
  const turn = (body["messages"] as Fields[]).filter(({ role }) => role === "assistant").length;
  res.writeHead(200, { "content-type": "text/event-stream" });
  const send = (delta: Fields, finish_reason: string | null = null): void => {
    const choices = [{ index: 0, delta, finish_reason }];
    res.write(
      `data: ${JSON.stringify({ id: `c${turn}`, object: "chat.completion.chunk", created: 1, model: "gpt", choices })}\n\n`,
    );
  };
  send({ role: "assistant", reasoning_content: `Überlegung ${turn}` });
  send({ content: `Step ${turn}.` });
  if (turn < turns) {
    for (const index of [0, 1]) {
      send({
        tool_calls: [
          {
            index,
            id: `call_${turn}_${index}`,
            type: "function",
            function: { name: "read_file", arguments: "" },
          },
        ],
      });
      send({ tool_calls: [{ index, function: { arguments: `{"path":"/${turn}` } }] });
      send({ tool_calls: [{ index, function: { arguments: `/${index}"}` } }] });
    }
  }
  send({}, turn < turns ? "tool_calls" : "stop");
  res.end("data: [DONE]\n\n");
}

before(async () => {
  const asked = (answer: (body: Fields, res: ServerResponse) => void) =>
    startUpstream((req, res) => {
      const body = JSON.parse(req.body.toString()) as Fields;
      if (body["stream"] === true) answer(body, res);
      else sendJson(res, 200, { input_tokens: 5 });
    });
  claude = await asked(answerClaude);
  gpt = await asked(answerGPT);
  gateway = await startGateway({
    keys: [callerKey],
    upstreams: [
      { provider: "anthropic", baseURL: claude.url, key: "k", models: ["claude-sonnet-4-5"] },
      { provider: "openai", baseURL: `${gpt.url}/v1`, key: "k", models: ["gpt-5"] },
    ],
    plugins: [{ retry: { attempts: 1 } }],
  });
});

after(async () => {
  await gateway.close();
  await Promise.all([claude.close(), gpt.close()]);
});

/** All turns of one talk; yields what was said in all of them. */
async function talk(model: string): Promise<Content[]> {
  const ai = new GoogleGenAI({ apiKey: callerKey, httpOptions: { baseUrl: gateway.url } });
  const contents: Content[] = [{ role: "user", parts: [{ text: "Read all files." }] }];
  for (let turn = 0; turn <= turns; turn++) {
    const parts: Part[] = [];
    for await (const piece of await ai.models.generateContentStream({ model, contents, config })) {
      parts.push(...(piece.candidates?.[0]?.content?.parts ?? []));
    }
    contents.push({ role: "model", parts });
    const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
    if (calls.length === 0) break;
    const results = calls.map(({ id, name, args }) => ({
      functionResponse: {
        ...(id && { id }),
        ...(name && { name }),
        response: { output: `content of ${String(args?.["path"])}` },
      },
    }));
    contents.push({ role: "user", parts: results });
  }
  return contents;
}

test("ten turns with an upstream of Anthropic's: its signed thinking comes back before each of its calls", async () => {
  const contents = await talk("claude-sonnet-4-5");
  assert.equal(contents.length, 2 + 2 * turns);
  const body = JSON.parse(claude.requests.at(-1)?.body.toString() ?? "{}") as Fields;
  const messages = body["messages"] as { role: string; content: Fields[] }[];
  assert.equal(messages.length, 1 + 2 * turns);
  for (let turn = 0; turn < turns; turn++) {
    const [assistant, user] = messages.slice(1 + 2 * turn);
    assert.deepEqual(assistant?.content, [
      { type: "thinking", thinking: `Überlegung ${turn} 🤔`, signature: `signature+/${turn}==` },
      { type: "text", text: `Step ${turn}.` },
      ...[0, 1].map((i) => ({
        type: "tool_use",
        id: `toolu_${turn}_${i}`,
        name: "read_file",
        input: { path: `/${turn}/${i}` },
      })),
    ]);
    const results = user?.content.map(({ tool_use_id, content }) => [tool_use_id, content]);
    assert.deepEqual(
      results?.map(([id]) => id),
      [`toolu_${turn}_0`, `toolu_${turn}_1`],
    );
    assert.ok(JSON.stringify(results).includes(`content of /${turn}/1`));
  }
  assert.equal((body["tools"] as Fields[]).length, names.length);
  assert.deepEqual(
    (body["tools"] as Fields[])[0]?.["input_schema"],
    functionDeclarations[0]?.parametersJsonSchema,
  );
});

test("ten turns with an upstream of OpenAI's: thoughts are shown, and calls and results stay together", async () => {
  const contents = await talk("gpt-5");
  assert.equal(contents.length, 2 + 2 * turns);
  assert.deepEqual(contents[1]?.parts?.[0], { text: "Überlegung 0", thought: true });
  const body = JSON.parse(gpt.requests.at(-1)?.body.toString() ?? "{}") as Fields;
  const messages = body["messages"] as Fields[];
  assert.equal(messages.length, 2 + 3 * turns);
  for (let turn = 0; turn < turns; turn++) {
    const [assistant, ...results] = messages.slice(2 + 3 * turn, 5 + 3 * turn);
    assert.equal(assistant?.["content"], `Step ${turn}.`);
    const calls = [0, 1].map((i) => ({
      id: `call_${turn}_${i}`,
      type: "function",
      function: { name: "read_file", arguments: `{"path":"/${turn}/${i}"}` },
    }));
    assert.deepEqual(assistant?.["tool_calls"], calls);
    assert.deepEqual(
      results,
      [0, 1].map((i) => ({
        role: "tool",
        tool_call_id: `call_${turn}_${i}`,
        content: `content of /${turn}/${i}`,
      })),
    );
  }
  const [tool] = body["tools"] as [{ function: Fields }];
  assert.deepEqual(tool.function["parameters"], functionDeclarations[0]?.parametersJsonSchema);
});
