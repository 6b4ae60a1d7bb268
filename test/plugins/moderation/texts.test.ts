import assert from "node:assert/strict";
import { test } from "node:test";
import { inPieces, overlap, pieceLength, textToModerate } from "../../../plugins/moderation/texts.ts";
import { readVerdict } from "../../../plugins/moderation/verdict.ts";

const turns = (...list: string[]) =>
  list.map((turn) => ({ role: turn.split(":")[0] ?? "", text: turn.split(":")[1] ?? "" }));

const cases: [name: string, turns: string[], last: string][] = [
  ["the user's last message", ["system:s", "user:a", "assistant:b", "user:c"], "c"],
  ["all of them when there are several in a row", ["user:a", "assistant:b", "user:c", "user:d"], "c\nd"],
  ["the one before an empty turn", ["user:a", "assistant:", "user:", "user:b"], "a\nb"],
  ["the one before a tool's answer", ["user:a", "assistant:call", "tool:result"], "a"],
  ["everything when nobody is the user", ["system:s", "human:h"], "s\nh"],
  ["nothing of nothing", [], ""],
];

for (const [name, messages, last] of cases) {
  test(`last takes ${name}`, () => assert.equal(textToModerate(turns(...messages), "last"), last));
}

test("all takes every message", () => {
  assert.equal(textToModerate(turns("system:s", "user:a", "assistant:", "user:b"), "all"), "s\na\nb");
});

test("a long text is sent whole, in pieces that overlap", () => {
  const text = Array.from({ length: 35_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join("");
  const pieces = inPieces(text);
  assert.equal(pieces.length, 4);
  assert.ok(pieces.every((piece) => piece.length <= pieceLength));
  const joined = pieces.map((piece, i) => (i === 0 ? piece : piece.slice(overlap))).join("");
  assert.equal(joined, text);
});

test("no character is cut in two", () => {
  const pieces = inPieces(`x${"😀".repeat(12_000)}`);
  assert.ok(pieces.length > 1);
  for (const piece of pieces) assert.doesNotThrow(() => encodeURIComponent(piece));
});

test("a text of exactly one piece is one piece", () => {
  assert.equal(inPieces("x".repeat(pieceLength)).length, 1);
  assert.equal(inPieces("x".repeat(pieceLength + 1)).length, 2);
});

const result = (flagged: boolean, scores: Record<string, number> = {}) => ({
  flagged,
  categories: Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score > 0.5])),
  category_scores: scores,
});

test("the model's own word counts, over all pieces", () => {
  const results = [result(false, { hate: 0.1 }), result(true, { violence: 0.9, hate: 0.6 })];
  assert.deepEqual(readVerdict({ results }, 2, undefined), {
    flagged: true,
    categories: ["hate", "violence"],
  });
  assert.deepEqual(readVerdict({ results: [result(false)] }, 1, undefined), {
    flagged: false,
    categories: [],
  });
});

test("with thresholds only the categories named there count", () => {
  const results = [result(true, { violence: 0.9, hate: 0.3 })];
  assert.deepEqual(readVerdict({ results }, 1, { hate: 0.3 }), { flagged: true, categories: ["hate"] });
  assert.deepEqual(readVerdict({ results }, 1, { hate: 0.31 }), { flagged: false, categories: [] });
});

test("an answer of another shape is no verdict", () => {
  assert.throws(() => readVerdict({ error: {} }, 1, undefined), /lacks results/);
  assert.throws(() => readVerdict({ results: [result(false)] }, 2, undefined), /lacks results/);
  assert.throws(() => readVerdict({ results: [{}] }, 1, undefined), /lacks flagged/);
  assert.throws(() => readVerdict({ results: [result(false)] }, 1, { hate: 0.5 }), /lacks a score of hate/);
});

test("a category's name cannot break out of a header", () => {
  const results = [{ flagged: true, categories: { "a\r\nset-cookie: b": true } }];
  assert.deepEqual(readVerdict({ results }, 1, undefined).categories, ["aset-cookie b"]);
});
