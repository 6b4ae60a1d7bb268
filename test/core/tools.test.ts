import assert from "node:assert/strict";
import test from "node:test";
import { allowedName, allowedNames, functionTool } from "../../core/index.ts";

test("a function tool has what is of its type", () => {
  const parameters = { type: "object" };
  assert.deepEqual(functionTool("f", { description: "what it does", parameters, strict: false, other: 1 }), {
    type: "function",
    function: { name: "f", description: "what it does", parameters, strict: false },
  });
  assert.deepEqual(functionTool("f", { description: null, parameters: [], strict: "yes" }), {
    type: "function",
    function: { name: "f" },
  });
});

test("a choice leaves the one function, or those it names", () => {
  const tools = [
    { type: "function", function: { name: "a" } },
    { type: "custom", custom: { name: "b" } },
    { type: "function", name: "c" },
  ];
  assert.deepEqual(tools.map(allowedName), ["a", "b", "c"]);
  const allowed_tools = { mode: "auto" as const, tools };
  assert.deepEqual(allowedNames({ type: "allowed_tools", allowed_tools }), new Set(["a", "b", "c"]));
  assert.deepEqual(allowedNames({ type: "function", function: { name: "f" } }), new Set(["f"]));
  for (const choice of [undefined, "auto", "none", { type: "custom", custom: { name: "b" } }] as const) {
    assert.equal(allowedNames(choice), undefined);
  }
});
