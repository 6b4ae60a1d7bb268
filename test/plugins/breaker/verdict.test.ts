import assert from "node:assert/strict";
import { test } from "node:test";
import { verdictReader } from "../../../plugins/breaker/verdict.ts";
import type { Attempt } from "../../../core/index.ts";
import type { Verdict } from "../../../plugins/breaker/circuit.ts";
import type { BreakerSettings } from "../../../plugins/breaker/options.ts";

const verdictOf = verdictReader();
const read = (given: Partial<Attempt>, statuses: BreakerSettings["statuses"] = [408, 503]): Verdict =>
  verdictOf({ end: "complete", headers: [], ...given } as Attempt, { statuses });

test("what breaks or never comes is a failure; who left or was called off says nothing", () => {
  const ends = (["failed", "broken", "client-gone", "cancelled"] as const).map((end) => read({ end }));
  assert.deepEqual(ends, ["failure", "failure", "neither", "neither"]);
});

test("an answer is judged by its status", () => {
  const verdicts = [200, 304, 400, 401, 404, 408, 429, 500, 503].map((status) => read({ status }));
  const refused = ["neither", "neither", "neither", "failure", "neither", "neither", "failure"];
  assert.deepEqual(verdicts, ["success", "success", ...refused]);
});

test("statuses can be given by their class", () => {
  const statuses: BreakerSettings["statuses"] = ["5xx", 404];
  const verdicts = [404, 429, 500, 599].map((status) => read({ status }, statuses));
  assert.deepEqual(verdicts, ["failure", "neither", "failure", "failure"]);
  assert.equal(read({ status: 418 }, ["4xx"]), "failure");
});

test("what the gateway answered itself says nothing of the target", () => {
  assert.equal(read({ status: 200, headers: undefined }), "neither");
  assert.equal(read({ status: 101, headers: undefined }), "success");
});
