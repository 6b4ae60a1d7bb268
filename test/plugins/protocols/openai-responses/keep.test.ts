import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import OpenAI, { APIError } from "openai";
import type { Response as ModelResponse } from "openai/resources/responses/responses";
import type { Fields } from "../../../../core/index.ts";
import { startGateway } from "../../../_gateway.ts";
import type { TestGateway } from "../../../_gateway.ts";
import {
  chatProvider,
  gives,
  responsesProvider,
  says,
  startBefore,
  startService,
  streams,
} from "./_servers.ts";
import type { Service } from "./_servers.ts";

let service: Service;
let gateway: TestGateway;
let one: OpenAI;
let two: OpenAI;

before(async () => {
  service = await startService();
  gateway = await startBefore(chatProvider, service);
  one = clientOf(gateway, "sk-one-0001");
  two = clientOf(gateway, "sk-two-0002");
});

after(async () => {
  await gateway.close();
  await service.close();
});

beforeEach(() => {
  service.answers.length = 0;
  service.requests.length = 0;
});

function clientOf({ url }: TestGateway, apiKey: string): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
}

const model = "model-1";
const bare = (response: unknown): unknown => {
  const { output_text: _text, _request_id: _id, ...rest } = response as Fields;
  return JSON.parse(JSON.stringify(rest));
};
const refused = async (call: Promise<unknown>): Promise<object> => {
  const error: unknown = await call.catch((reason: unknown) => reason);
  assert.ok(error instanceof APIError);
  const { status, code, param } = error;
  return { status, code, param };
};

test("a response is kept, for its own caller", async () => {
  service.answers.push(says({ content: "Hello 🌍" }));
  const response = await one.responses.create({ model, input: "Hi", metadata: { a: "b" } });
  assert.deepEqual(bare(await one.responses.retrieve(response.id)), bare(response));
  const notTheirs = { status: 404, code: "not_found", param: null };
  assert.deepEqual(await refused(two.responses.retrieve(response.id)), notTheirs);
  assert.deepEqual(await refused(two.responses.delete(response.id)), notTheirs);
  assert.deepEqual(await refused(two.responses.inputItems.list(response.id)), notTheirs);
  const wrong = { status: 400, code: "previous_response_not_found", param: "previous_response_id" };
  assert.deepEqual(
    await refused(two.responses.create({ model, input: "x", previous_response_id: response.id })),
    wrong,
  );
  await one.responses.delete(response.id);
  assert.deepEqual(await refused(one.responses.retrieve(response.id)), notTheirs);
  assert.deepEqual(
    await refused(one.responses.create({ model, input: "x", previous_response_id: response.id })),
    wrong,
  );
  assert.equal(service.requests.length, 1);
});

test("what is not to be stored is not kept", async () => {
  service.answers.push(says({ content: "Hello" }));
  const response = await one.responses.create({ model, input: "Hi", store: false });
  assert.equal((response as unknown as Fields)["store"], false);
  assert.deepEqual(await refused(one.responses.retrieve(response.id)), {
    status: 404,
    code: "not_found",
    param: null,
  });
});

test("three turns that go on from each other, whole and as streams, with tools and signed reasoning", async () => {
  const call = { index: 0, id: "call_k1", type: "function", function: { name: "now", arguments: "{}" } };
  service.answers.push(
    streams(
      [
        {
          reasoning_content: "Hm",
          reasoning_details: [{ type: "reasoning.text", text: "Hm", signature: "s", format: "x" }],
        },
        { tool_calls: [call] },
      ],
      "tool_calls",
    ),
    says({ content: "It is late." }),
    says({ content: "Indeed." }),
  );
  const tools = [{ type: "function" as const, name: "now", parameters: null, strict: false }];
  const first = await one.responses
    .stream({ model, input: "What time is it?", instructions: "One.", tools })
    .finalResponse();
  const second = await one.responses.create({
    model,
    instructions: "Two.",
    previous_response_id: first.id,
    input: [{ type: "function_call_output", call_id: "call_k1", output: "23:00" }],
    tools,
  });
  const third = await one.responses.create({ model, previous_response_id: second.id, input: "So late?" });
  assert.equal(third.output_text, "Indeed.");
  assert.equal(third.previous_response_id, second.id);
  const { messages } = service.last() as { messages: Fields[] };
  // Instructions are those of the turn.
  assert.deepEqual(
    messages.map(({ role, content, tool_calls }) => [
      role,
      content ?? null,
      (tool_calls as Fields[] | undefined)?.[0]?.["id"],
    ]),
    [
      ["user", "What time is it?", undefined],
      ["assistant", null, "call_k1"],
      ["tool", "23:00", undefined],
      ["assistant", "It is late.", undefined],
      ["user", "So late?", undefined],
    ].map(([role, content, id]) => [role, content, id]),
  );
  const items: Fields[] = [];
  for await (const item of one.responses.inputItems.list(third.id, { order: "asc", limit: 2 }))
    items.push(item as unknown as Fields);
  assert.deepEqual(
    items.map(({ type }) => type),
    ["message", "reasoning", "function_call", "function_call_output", "message", "message"],
  );
  assert.ok(items.every(({ id }) => typeof id === "string"));
  const [latest] = (await one.responses.inputItems.list(third.id, { limit: 1 })).data as unknown as Fields[];
  assert.deepEqual(latest?.["content"], [{ type: "input_text", text: "So late?" }]);
});

test("items that are named instead of sent", async () => {
  service.answers.push(says({ content: "Hello 🌍" }), says({ content: "Again." }));
  const first = await one.responses.create({ model, input: "Hi" });
  const [item] = first.output;
  const reference = { type: "item_reference" as const, id: item?.id ?? "" };
  await one.responses.create({
    model,
    input: [{ role: "user", content: "Hi" }, reference, { role: "user", content: "Go on" }],
  });
  const { messages } = service.last() as { messages: Fields[] };
  assert.deepEqual(
    messages.map(({ role }) => role),
    ["user", "assistant", "user"],
  );
  assert.match(JSON.stringify(messages[1]), /Hello 🌍/);
  const missing = { ...reference, id: `msg_${"0".repeat(32)}0` };
  assert.deepEqual(await refused(one.responses.create({ model, input: [missing] })), {
    status: 400,
    code: "invalid_request",
    param: "input",
  });
  assert.deepEqual(await refused(two.responses.create({ model, input: [reference] })), {
    status: 400,
    code: "invalid_request",
    param: "input",
  });
});

test("what only OpenAI keeps is refused; the background is the foreground", async () => {
  const invalid = (param: string): object => ({ status: 400, code: "invalid_request", param });
  assert.deepEqual(
    await refused(one.responses.create({ model, input: "x", conversation: "conv_1" })),
    invalid("conversation"),
  );
  assert.deepEqual(
    await refused(one.responses.create({ model, prompt: { id: "pmpt_1" } })),
    invalid("prompt"),
  );
  assert.equal(service.requests.length, 0);
  service.answers.push(says({ content: "Done." }));
  const response = await one.responses.create({ model, input: "x", background: true });
  assert.equal(response.status, "completed");
  assert.equal(response.background, false);
  const { status } = (await refused(one.responses.cancel(response.id))) as { status: number };
  assert.equal(status, 400);
  assert.deepEqual(await refused(one.responses.retrieve(response.id, { stream: true })), invalid("stream"));
});

const native: ModelResponse = {
  id: "resp_theirs",
  object: "response",
  created_at: 1,
  model: "their-model",
  status: "completed",
  error: null,
  incomplete_details: null,
  output: [
    {
      type: "message",
      id: "msg_1",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "Theirs", annotations: [] }],
    },
  ],
} as unknown as ModelResponse;

test("where a service speaks this protocol, it keeps its own", async () => {
  const theirs = await startService();
  const before = await startBefore(responsesProvider, theirs);
  const client = clientOf(before, "sk-one-0001");
  theirs.answers.push(gives(200, native));
  const response = await client.responses.create({ model, input: "Hi", previous_response_id: "resp_before" });
  assert.equal(response.id, "resp_theirs");
  assert.equal(response.model, model);
  assert.equal(theirs.last()["previous_response_id"], "resp_before");
  await client.responses.retrieve("resp_theirs", { include: ["reasoning.encrypted_content"] });
  assert.equal(
    theirs.requests.at(-1)?.url,
    "/v1/responses/resp_theirs?include%5B%5D=reasoning.encrypted_content",
  );
  await client.responses.cancel("resp_theirs");
  assert.equal(theirs.requests.at(-1)?.url, "/v1/responses/resp_theirs/cancel");
  await client.responses.inputItems.list("resp_theirs");
  assert.equal(theirs.requests.at(-1)?.url, "/v1/responses/resp_theirs/input_items");
  theirs.answers[0] = gives(200, { id: "resp_theirs", object: "response", deleted: true });
  await client.responses.delete("resp_theirs");
  assert.equal(theirs.requests.at(-1)?.method, "DELETE");
  theirs.answers[0] = gives(200, { id: "c", object: "response.compaction", created_at: 1, output: [] });
  await client.responses.compact({ model, input: "Hi" });
  assert.equal(theirs.requests.at(-1)?.url, "/v1/responses/compact");
  assert.equal(theirs.last()["model"], "their-model");
  await before.close();
  await theirs.close();
});

test("a conversation that began here goes on at a service of this protocol, which is told all of it", async () => {
  const theirs = await startService();
  const both = await startGateway({
    keys: ["sk-one-0001"],
    upstreams: [
      { provider: chatProvider, baseURL: service.url, key: "uk-1", models: ["model-1"] },
      { provider: responsesProvider, baseURL: theirs.url, key: "uk-2", models: ["model-2"] },
    ],
  });
  const client = clientOf(both, "sk-one-0001");
  service.answers.push(says({ reasoning_content: "Hm", content: "Hello" }));
  theirs.answers.push(gives(200, native));
  const first = await client.responses.create({ model: "model-1", input: "Hi" });
  await client.responses.create({
    model: "model-2",
    input: "Go on",
    previous_response_id: first.id,
    instructions: "Two.",
  });
  assert.deepEqual(theirs.last(), {
    model: "model-2",
    instructions: "Two.",
    input: [
      { role: "user", content: "Hi" },
      {
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text: "Hello", annotations: [] }],
      },
      { role: "user", content: "Go on" },
    ],
  });
  // And back again.
  service.answers[0] = says({ content: "Bye" });
  await client.responses.create({ model: "model-1", input: "Bye", previous_response_id: first.id });
  assert.deepEqual(
    (service.last() as { messages: Fields[] }).messages.map(({ role }) => role),
    ["user", "assistant", "user"],
  );
  await both.close();
  await theirs.close();
});
