import assert from "node:assert/strict";
import { deferTest } from "../../_defer.ts";
import type { Defer } from "../../_defer.ts";
import { startGateway, startUpstream } from "../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../_gateway.ts";
import { answerWith, asking, post, readAnswer, speakers } from "./_wire.ts";
import type { Spoken } from "./_wire.ts";
import type { AssistantMessage, ChatAnswer, ChatRequest, Fields } from "../../../core/index.ts";

const plainCall = {
  id: "call_1",
  type: "function" as const,
  function: { name: "look", arguments: '{"at":"Rome"}' },
};
const tools: ChatRequest["tools"] = [
  {
    type: "function",
    function: { name: "look", parameters: { type: "object", properties: { at: { type: "string" } } } },
  },
];
const thought = "I have to look.";

/** A turn that thinks, signed, and calls a tool, as each service signs it. */
const turns: Partial<Record<Spoken, AssistantMessage>> = {
  anthropic: {
    role: "assistant",
    content: null,
    reasoning_content: thought,
    reasoning_details: [
      {
        type: "reasoning.text",
        text: thought,
        signature: "sig-Ab+/=",
        format: "anthropic-claude-v1",
        index: 0,
      },
    ],
    tool_calls: [plainCall],
  },
  gemini: {
    role: "assistant",
    content: null,
    tool_calls: [{ ...plainCall, extra_content: { google: { thought_signature: "c2lnbmVk" } } }],
  },
};

/** What a body has to bring back. */
const signed: Partial<Record<Spoken, (body: Fields) => unknown>> = {
  anthropic: ({ messages }) =>
    (messages as { content: Fields[] }[])[1]?.content.map(({ type, thinking, signature }) => [
      type,
      thinking,
      signature,
    ]),
  gemini: ({ contents }) =>
    (contents as { parts: Fields[] }[])[1]?.parts.map(({ thoughtSignature }) => thoughtSignature),
};
const whole: Partial<Record<Spoken, unknown>> = {
  anthropic: [
    ["thinking", thought, "sig-Ab+/="],
    ["tool_use", undefined, undefined],
  ],
  gemini: ["c2lnbmVk"],
};

async function setUp(defer: Defer, name: Spoken): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await startUpstream((req, res) => {
    const message = turns[name] ?? assert.fail();
    const { stream } = JSON.parse(req.body.toString()) as Fields;
    const answer: ChatAnswer = {
      id: "answer-1",
      object: "chat.completion",
      created: 1,
      model: "model-1",
      choices: [{ index: 0, message, finish_reason: "tool_calls" }],
    };
    void answerWith(name, res, answer, stream === true || (req.url ?? "").includes("stream"));
  });
  defer(upstream.close);
  const gateway = await startGateway({
    keys: [
      { key: "sk-one-0001", name: "one" },
      { key: "sk-two-0002", name: "two" },
    ],
    plugins: [speakers],
    upstreams: [{ provider: `speaks-${name}`, baseURL: upstream.url, key: "k", models: ["model-1"] }],
  });
  defer(gateway.close);
  return { gateway, upstream };
}

const asOne = { authorization: "Bearer sk-one-0001" };
const asTwo = { authorization: "Bearer sk-two-0002" };
/** Thinking has to be on for it to be sent back. */
const wish = { tools, reasoning_effort: "high", max_completion_tokens: 30_000 } as const;

for (const name of Object.keys(turns) as Spoken[]) {
  for (const stream of [false, true]) {
    const how = stream ? "streamed" : "whole";
    deferTest(
      `signed reasoning comes back to ${name} from a client that keeps none of it, ${how}`,
      async (defer) => {
        const { gateway, upstream } = await setUp(defer, name);
        const first = await post(gateway.url, "openai-chat", asking("Look.", wish), stream, asOne);
        const { choices } = await readAnswer("openai-chat", first, stream);
        const [call] = choices[0]?.message.tool_calls ?? [];
        assert.ok(call?.type === "function" && call.function.name === "look");
        // A client of Chat Completions that knows no more than its reference.
        const { id } = call;
        const again = asking("Look.", {
          ...wish,
          messages: [
            { role: "user", content: "Look." },
            { role: "assistant", content: null, tool_calls: [{ ...plainCall, id }] },
            { role: "tool", tool_call_id: id, content: "Sunny" },
          ],
        });
        await (await post(gateway.url, "openai-chat", again, stream, asOne)).arrayBuffer();
        const read = signed[name] ?? assert.fail();
        const sentBack = (): unknown =>
          read(JSON.parse(upstream.requests.at(-1)?.body.toString() ?? "") as Fields);
        assert.deepEqual(sentBack(), whole[name]);
        // Another caller's call of the same id is not theirs.
        await (await post(gateway.url, "openai-chat", again, stream, asTwo)).arrayBuffer();
        assert.equal(upstream.requests.length, 3);
        assert.doesNotMatch(JSON.stringify(sentBack()), /sig-Ab|c2lnbmVk/);
      },
    );
  }
}
