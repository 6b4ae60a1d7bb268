import assert from "node:assert/strict";
import { test } from "node:test";
import { callOf, choicesOf, countsOf, firstOf, fitsShares, orderOf, strategies } from "./_strategies.ts";
import type { Call, PromptMessage } from "../../../core/index.ts";

const conversations = 10_000;

function named(key: string | number): Call {
  return callOf({ json: { prompt_cache_key: String(key) } });
}

function said(messages: [role: string, text: string][], json: object = {}, parts: object = {}): Call {
  const prompt: PromptMessage[] = messages.map(([role, text]) => ({ role, text }));
  return callOf({ json, facts: { stream: false, messages: () => prompt }, ...parts });
}

test("conversations spread by weight", async () => {
  const { affinity } = await strategies();
  for (const weights of [
    [1, 1, 1, 1],
    [5, 3, 2],
    [0.5, 100, 7],
  ]) {
    const chooser = affinity.prepare(choicesOf(weights));
    const chosen = Array.from({ length: conversations }, (_, key) => firstOf(chooser, 0, named(key)));
    assert.ok(
      fitsShares(countsOf(chosen, weights.length), weights),
      String(countsOf(chosen, weights.length)),
    );
  }
});

test("where one of ten leaves, only its conversations move, to all others alike", async () => {
  const { affinity } = await strategies();
  const choices = choicesOf([1, 2, 1, 1, 2, 1, 1, 1, 1, 1]);
  const gone = choices[4]!;
  const left = choices.filter((choice) => choice !== gone);
  const [before, after] = [affinity.prepare(choices), affinity.prepare(left)];
  const moved: number[] = [];
  for (let key = 0; key < conversations; key++) {
    const call = named(key);
    const [first, second] = orderOf(before, 0, call).map((index) => choices[index]);
    const now = left[firstOf(after, 0, call)];
    assert.equal(now, first === gone ? second : first);
    if (first === gone) moved.push(left.indexOf(now!));
  }
  assert.ok(fitsShares([moved.length, conversations - moved.length], [2, 10]), String(moved.length));
  const weights = left.map(({ weight }) => weight);
  assert.ok(fitsShares(countsOf(moved, 9), weights), String(countsOf(moved, 9)));
});

test("the order of the choices is of no matter", async () => {
  const { affinity } = await strategies();
  const choices = choicesOf([1, 2, 3, 4, 5]);
  const turned = choices.toReversed();
  const [one, other] = [affinity.prepare(choices), affinity.prepare(turned)];
  for (let key = 0; key < 500; key++) {
    const ids = (order: number[], of: typeof choices): string[] => order.map((index) => of[index]!.id);
    assert.deepEqual(ids(orderOf(one, 0, named(key)), choices), ids(orderOf(other, 0, named(key)), turned));
  }
});

/** Whether two calls are of one conversation: 64 equal choices would tell them apart. */
async function isSame(one: Call, other: Call, options: object = {}): Promise<boolean> {
  const { affinity } = await strategies(undefined, { affinity: options });
  const chooser = affinity.prepare(choicesOf(Array.from({ length: 64 }, () => 1)));
  return String(orderOf(chooser, 0, one)) === String(orderOf(chooser, 0, other));
}

test("a conversation goes on as it began", async () => {
  const opening: [string, string][] = [
    ["system", "Be brief."],
    ["user", "What is a sluice?"],
  ];
  const later: [string, string][] = [...opening, ["assistant", "A gate."], ["user", "For what?"]];
  assert.equal(await isSame(said(opening), said(later)), true);
  assert.equal(
    await isSame(
      said(opening),
      said([
        ["system", "Be brief."],
        ["user", "Who?"],
      ]),
    ),
    false,
  );
  assert.equal(await isSame(said(opening), said([["user", "What is a sluice?"]])), false);
  assert.equal(await isSame(said(opening), said(later, { user: "ann" })), false);
  assert.equal(await isSame(said(opening, { user: "ann" }), said(later, { user: "ann" })), true);
  const callers = ["ann", "bob"].map((name) => said(opening, {}, { caller: { name } }));
  assert.equal(await isSame(callers[0]!, callers[1]!), false);
  const long = "x".repeat(10_000);
  for (const other of [`${long}x`, `y${long.slice(1)}`, `${long.slice(1)}y`]) {
    assert.equal(await isSame(said([["user", long]]), said([["user", other]])), false);
  }
});

test("what the call names its conversation goes before what it says", async () => {
  const one: [string, string][] = [["user", "one"]];
  const other: [string, string][] = [["user", "other"]];
  const names = [
    { prompt_cache_key: "k" },
    { session_id: "s" },
    { conversation: "conv_1" },
    { conversation: { id: "conv_1" } },
    { metadata: { session_id: "s" } },
    { metadata: { user_id: "user_1_account__session_7" } },
  ];
  for (const json of names) {
    assert.equal(await isSame(said(one, json), said(other, json)), true, JSON.stringify(json));
    assert.equal(await isSame(said(one, json), said(one)), false, JSON.stringify(json));
  }
  const person = { metadata: { user_id: "ann" } };
  assert.equal(await isSame(said(one, person), said(other, person)), false);
});

test("a header names the conversation before all else", async () => {
  const by = (headers: Record<string, string>, json: object): Call =>
    callOf({ json, request: new Request("http://gateway/", { headers }) });
  const session = { "x-session-id": "7" };
  assert.equal(await isSame(by(session, { session_id: "a" }), by(session, { session_id: "b" })), true);
  assert.equal(await isSame(by(session, {}), by({ "x-session-id": "8" }, {})), false);
  const own = { "x-sluice-session": "1" };
  assert.equal(await isSame(by({ ...own, ...session }, {}), by(own, {})), true);
  const custom = { headers: ["X-Chat"] };
  assert.equal(await isSame(by({ "x-chat": "1" }, { user: "a" }), by({ "x-chat": "1" }, {}), custom), true);
});

test("calls of no conversation take turns by weight", async () => {
  const { affinity } = await strategies();
  const chooser = affinity.prepare(choicesOf([5, 3, 2]));
  const chosen = Array.from({ length: 10 }, () => firstOf(chooser, 0, callOf()));
  assert.deepEqual(countsOf(chosen, 3), [5, 3, 2]);
});
