import assert from "node:assert/strict";
import { test } from "node:test";
import { createGateway } from "../../../config/index.ts";
import { targetOf } from "../../../core/targets.ts";
import { reasoningOverResponses } from "../../../plugins/providers/_openai-reasoning.ts";
import { fakeClock } from "../../_fake-clock.ts";
import type { ChatRequest, Target, Upstream } from "../../../core/index.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const thinking: ChatRequest = { model: "any", messages: [], reasoning: { enabled: true } };

/** Upstreams as a gateway has them, by name. */
async function upstreamsOf(
  given: Record<string, { provider: string; baseURL?: string; options?: object }>,
): Promise<(name: string) => Upstream> {
  const upstreams = Object.entries(given).map(([name, more]) => ({
    name,
    key: "sk-upstream-0001",
    models: ["*"],
    ...more,
  }));
  const plugins = [{ "request-log": false }, { auth: { anonymous: true } }];
  const gateway = await createGateway({ upstreams, plugins }, { log: silent });
  const found = gateway.context.upstreams;
  await gateway.close(0);
  return (name) => found.find((one) => one.name === name) ?? assert.fail(name);
}

function chosen(target: Target, request = thinking): string | undefined {
  return target.upstream.provider.chatProtocol?.(request, target);
}

test("what asks for thoughts goes to Responses where OpenAI itself is, or where the options say so", async () => {
  const azure = { provider: "azure", baseURL: "https://a.openai.azure.com" };
  const upstreamOf = await upstreamsOf({
    usual: { provider: "openai" },
    region: { provider: "openai", baseURL: "https://eu.api.openai.com/v1" },
    off: { provider: "openai", options: { reasoningText: false } },
    other: { provider: "openai", baseURL: "https://api.example.com/v1" },
    alike: { provider: "openai", baseURL: "https://api.openai.com.example.com/v1" },
    told: { provider: "openai", baseURL: "https://api.example.com/v1", options: { reasoningText: true } },
    azure,
    preview: { ...azure, options: { apiVersion: "preview" } },
    dated: { ...azure, options: { apiVersion: "2024-10-21" } },
    silent: { ...azure, options: { reasoningText: false } },
  });
  const names = ["usual", "region", "off", "other", "alike", "told", "azure", "preview", "dated", "silent"];
  const on = names.filter((name) => chosen(targetOf(upstreamOf(name), 0, "gpt-5.1", undefined)));
  assert.deepEqual(on, ["usual", "region", "told", "azure", "preview"]);
});

test("only models that reason are asked for their thoughts, and only when these are wanted", async () => {
  const usual = (await upstreamsOf({ usual: { provider: "openai" } }))("usual");
  const goesTo = (model: string, request?: ChatRequest): string | undefined =>
    chosen(targetOf(usual, 0, model, undefined), request);
  const reasoning = [
    "o1",
    "o3-mini",
    "o4-mini-2025-04-16",
    "gpt-5",
    "gpt-5.1-codex",
    "gpt-6",
    "ft:o4-mini:us",
  ];
  const others = [
    "gpt-4o",
    "gpt-4.1",
    "gpt-35-turbo",
    "gpt-5-chat-latest",
    "gpt-oss-120b",
    "o1-mini",
    "omni",
    "mine",
  ];
  assert.deepEqual(
    [...reasoning, ...others].filter((model) => goesTo(model) === "openai-responses"),
    reasoning,
  );
  const wishes: [Partial<ChatRequest>, boolean][] = [
    [{}, false],
    [{ reasoning_effort: "high" }, false],
    [{ reasoning: { enabled: false } }, false],
    [{ reasoning: { exclude: true, max_tokens: 2048 } }, false],
    [{ reasoning: { max_tokens: 2048 } }, true],
    [{ reasoning: { exclude: false } }, true],
    [{ reasoning: { summary: "auto" } }, true],
    [{ reasoning: { enabled: true }, reasoning_effort: "none" }, false],
  ];
  for (const [wish, wanted] of wishes) {
    const found = goesTo("o3", { model: "any", messages: [], ...wish });
    assert.equal(found, wanted ? "openai-responses" : undefined, JSON.stringify(wish));
  }
});

test("a target that refused to sum up its thoughts is asked again after an hour; others are asked", async () => {
  const usual = (await upstreamsOf({ usual: { provider: "openai" } }))("usual");
  const clock = fakeClock();
  const { chatProtocol, refusesChoice } = reasoningOverResponses(() => true, clock);
  const [target, other] = ["o3", "gpt-5"].map((model) => targetOf(usual, 0, model, undefined));
  assert.ok(target && other);
  const refuses = (status: number, param?: string): boolean | undefined =>
    refusesChoice?.(status, { message: "No.", ...(param !== undefined && { param }) }, target);
  assert.deepEqual(
    [refuses(400), refuses(400, "input"), refuses(401), refuses(500, "reasoning.summary")],
    [false, false, false, false],
  );
  assert.equal(chatProtocol?.(thinking, target), "openai-responses");
  for (const [status, param] of [
    [400, "reasoning.summary"],
    [400, "include"],
    [404, undefined],
  ] as const) {
    assert.equal(refuses(status, param), true);
    assert.equal(chatProtocol?.(thinking, target), undefined);
    assert.equal(chatProtocol?.(thinking, other), "openai-responses");
    clock.pass(60 * 60 * 1000);
    assert.equal(chatProtocol?.(thinking, target), "openai-responses");
  }
});
