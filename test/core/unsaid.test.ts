import assert from "node:assert/strict";
import test from "node:test";
import { dropUnsaid } from "../../core/index.ts";
import type { ChatRequest, WrittenMembers } from "../../core/index.ts";

test("what a table calls dropped is noted where it asks for something, and what stands in no table", () => {
  const members = { model: "model", messages: "messages", n: "dropped", user: "dropped", seed: "dropped" };
  const request: ChatRequest = { model: "m", messages: [], n: 1, user: "u", seed: null, stop: undefined };
  const vendors = { ...request, own: true, constructor: "named as what every object has" };
  const dropped: string[] = [];
  dropUnsaid(
    vendors as ChatRequest,
    members as unknown as WrittenMembers,
    (name, value) => name === "n" && value === 1,
    (name) => dropped.push(name),
  );
  assert.deepEqual(dropped, ["user", "own", "constructor"]);
});
