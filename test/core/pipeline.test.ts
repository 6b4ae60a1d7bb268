import assert from "node:assert/strict";
import { test } from "node:test";
import { compose, stages } from "../../core/pipeline.ts";
import type { Call } from "../../core/index.ts";
import type { Layer, Stage } from "../../core/pipeline.ts";

function layer(stage: Stage, name: string, seen: string[]): Layer {
  return {
    stage,
    async middleware(_call, next) {
      seen.push(`+${name}`);
      const response = await next();
      seen.push(`-${name}`);
      return response;
    },
  };
}

const call = {} as Call;
const answer = (): Promise<Response> => Promise.resolve(new Response("ok"));

test("stages are in fixed order, layers of one stage in the given order", async () => {
  const seen: string[] = [];
  const layers = [
    layer("retry", "r", seen),
    layer("log", "l1", seen),
    layer("auth", "a", seen),
    layer("log", "l2", seen),
  ];
  await compose(layers, answer)(call);
  assert.deepEqual(seen, ["+l1", "+l2", "+a", "+r", "-r", "-a", "-l2", "-l1"]);
});

test("a pipeline may begin at a later stage", async () => {
  const seen: string[] = [];
  await compose(
    stages.map((stage) => layer(stage, stage, seen)),
    answer,
    "route",
  )(call);
  assert.deepEqual(seen.slice(0, 4), ["+route", "+retry", "+attempt", "+send"]);
});

test("a layer that does not call next answers; one that calls it twice makes two attempts", async () => {
  let attempts = 0;
  const twice: Layer = { stage: "retry", middleware: async (_call, next) => (await next(), next()) };
  await compose([twice], () => (attempts++, answer()))(call);
  assert.equal(attempts, 2);
  const short: Layer = { stage: "cache", middleware: () => Promise.resolve(new Response("short")) };
  const response = await compose([short, twice], () => (attempts++, answer()))(call);
  assert.equal(await response.text(), "short");
  assert.equal(attempts, 2);
});

test("next may be given another view of the call, which is what comes behind sees", async () => {
  const fork = {} as Call;
  const seen: Call[] = [];
  const both: Layer = { stage: "retry", middleware: async (_call, next) => (await next(), next(fork)) };
  const watch: Layer = { stage: "attempt", middleware: (one, next) => (seen.push(one), next()) };
  await compose([both, watch], (one) => (seen.push(one), answer()))(call);
  assert.deepEqual(
    seen.map((one) => one === fork),
    [false, false, true, true],
  );
});
