import assert from "node:assert/strict";
import { redDot } from "../plugins/protocols/_conversations.ts";
import { maxTokens } from "./cell.ts";
import type { Ask, Failure, Observation, Reply, Schema, Sent, Tool } from "./cell.ts";

const system = "Be brief.";
const usage = { input: 11, output: 7 };
const greeting = "Grüezi — 漢 🦊.";

const getWeather: Tool = {
  name: "get_weather",
  description: "The weather of a city.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const getTime: Tool = {
  name: "get_time",
  description: "The time in a zone.",
  parameters: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
};
const citySchema: Schema = {
  type: "object",
  properties: { name: { type: "string" }, people: { type: "integer" } },
  required: ["name", "people"],
  additionalProperties: false,
};
const city = { name: "Bern", people: 134_000 };
/** Says where the calls stand that the results answer. */
const results = { get_weather: "Sunny, 22 degrees", get_time: "12:30" };

/** What one feature asks, what the upstream answers, and what has to come out on both sides. */
export interface Feature {
  ask: Ask;
  reply: Reply;
  /** The second turn's answer, for a round with tools. */
  last?: Reply;
  /** Another error, that another question gets. */
  other?: { ask: Ask; reply: Reply };
  observed(observation: Observation): void;
  sent(sent: Sent): void;
}

/** The tools' answers, for the calls that a client saw. */
export function resultsOf(calls: Observation["toolCalls"]): { id: string; name: string; text: string }[] {
  return calls.map(({ id, name }) => ({ id, name, text: results[name as keyof typeof results] }));
}

/** What every request has to say, whatever else it says. */
function assertBasics(sent: Sent, ask: Ask): void {
  assert.equal(sent.system, ask.system, "system");
  assert.deepEqual(sent.texts, [ask.text], "texts");
  assert.equal(sent.maxTokens, maxTokens, "most tokens");
}

function assertText(observation: Observation, text: string): void {
  assert.equal(observation.text, text, "text");
  assert.deepEqual(observation.toolCalls, [], "no calls");
  assert.equal(observation.finish, "stop", "finish");
}

const textAsk: Ask = { system, text: "matrix: say hello" };
const toolsAsk: Ask = { system, text: "matrix: weather and time", tools: [getWeather, getTime] };
const imageAsk: Ask = { system, text: "matrix: what is on it", image: redDot };
const schemaAsk: Ask = { system, text: "matrix: a city as JSON", schema: citySchema };
const reasoningAsk: Ask = { system, text: "matrix: think hard", reasoning: true };
const usageAsk: Ask = { system, text: "matrix: count tokens" };

const calls = [
  { id: "call_weather1", name: "get_weather", arguments: '{"city":"Bern"}' },
  { id: "call_time2", name: "get_time", arguments: '{"zone":"Europe/Zurich"}' },
];
const plainCalls = calls.map(({ name, arguments: args }) => ({ name, args: JSON.parse(args) as unknown }));

export const features = {
  text: {
    ask: textAsk,
    reply: { content: greeting, usage },
    observed: (observation) => assertText(observation, greeting),
    sent: (sent) => assertBasics(sent, textAsk),
  },
  tools: {
    ask: toolsAsk,
    reply: { toolCalls: calls, usage },
    last: { content: "Sunny at half past twelve.", usage },
    observed: (observation) => assertText(observation, "Sunny at half past twelve."),
    sent(sent) {
      assertBasics(sent, toolsAsk);
      const tools = [
        { name: "get_weather", properties: ["city"] },
        { name: "get_time", properties: ["zone"] },
      ];
      assert.deepEqual(sent.tools, tools, "tools");
      assert.deepEqual(sent.calls, plainCalls, "calls of the first turn");
      assert.deepEqual(sent.results, Object.values(results), "results");
    },
  },
  image: {
    ask: imageAsk,
    reply: { content: "A red dot.", usage },
    observed: (observation) => assertText(observation, "A red dot."),
    sent(sent) {
      assertBasics(sent, imageAsk);
      assert.deepEqual(sent.images, [redDot], "the image's bytes");
    },
  },
  schema: {
    ask: schemaAsk,
    reply: { content: JSON.stringify(city), usage },
    observed(observation) {
      assert.deepEqual(JSON.parse(observation.text), city, "JSON");
      assert.deepEqual(observation.toolCalls, [], "no calls");
      assert.equal(observation.finish, "stop", "finish");
    },
    sent(sent) {
      assertBasics(sent, schemaAsk);
      const wanted = { properties: ["name", "people"], required: ["name", "people"] };
      assert.deepEqual(sent.schema, wanted, "schema");
    },
  },
  reasoning: {
    ask: reasoningAsk,
    reply: { content: "Forty-two.", reasoning: "Six times seven — 漢.", usage },
    observed(observation) {
      assertText(observation, "Forty-two.");
      assert.equal(observation.reasoning, "Six times seven — 漢.", "reasoning");
    },
    sent(sent) {
      assertBasics(sent, reasoningAsk);
      assert.equal(sent.reasoning, true, "reasoning was asked for");
    },
  },
  usage: {
    ask: usageAsk,
    reply: { content: greeting, usage: { input: 1234, output: 567 } },
    observed: ({ usage: told }) => assert.deepEqual(told, { input: 1234, output: 567 }, "usage"),
    sent: (sent) => assertBasics(sent, usageAsk),
  },
  error: {
    ask: { system, text: "matrix: too much at once" },
    reply: { error: { status: 429, message: "Too many tokens at once." }, usage },
    other: {
      ask: { system, text: "matrix: a wrong question" },
      reply: { error: { status: 400, message: "Nobody can answer that." }, usage },
    },
    observed: () => assert.fail("no error was thrown"),
    sent() {},
  },
} satisfies Record<string, Feature>;

export type FeatureName = keyof typeof features;

export const featureNames = Object.keys(features) as FeatureName[];

/** An upstream's error as the client has to see it. */
export function assertFailure({ own, status, message }: Failure, { error }: Reply): void {
  assert.deepEqual({ own, status }, { own: true, status: error?.status }, message);
  assert.ok(message.includes(error?.message ?? ""), `the message is ${message}`);
}

/** The calls of the tool round's first turn, as the client has to see them. */
export function assertCalls({ toolCalls, finish }: Observation): void {
  assert.deepEqual(
    toolCalls.map(({ name, args }) => ({ name, args })),
    plainCalls,
    "calls",
  );
  assert.equal(finish, "tool_calls", "finish of the first turn");
}
