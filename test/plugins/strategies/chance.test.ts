import assert from "node:assert/strict";
import { test } from "node:test";
import { choicesOf, countsOf, firstsOf, fitsShares, orderOf, strategies } from "./_strategies.ts";

const calls = 20_000;

test("lottery draws each place by weight among those left", async () => {
  const { lottery } = await strategies();
  const weights = [6, 3, 1];
  const chooser = lottery.prepare(choicesOf(weights));
  const orders = Array.from({ length: calls }, () => orderOf(chooser));
  const first = countsOf(
    orders.map(([index]) => index!),
    3,
  );
  assert.ok(fitsShares(first, weights), String(first));
  // Where A was drawn first, B and C stand at 3 to 1.
  const second = countsOf(
    orders.filter(([index]) => index === 0).map(([, index]) => index!),
    3,
  );
  assert.ok(fitsShares(second, [0, 3, 1]), String(second));
});

test("lottery draws by weight too where almost all of the weight is drawn already", async () => {
  const { lottery } = await strategies();
  const chooser = lottery.prepare(choicesOf([1_000_000, 3, 1]));
  const orders = Array.from({ length: calls }, () => orderOf(chooser)).filter(([index]) => index === 0);
  const second = countsOf(
    orders.map(([, index]) => index!),
    3,
  );
  assert.ok(fitsShares(second, [0, 3, 1]), String(second));
});

test("random puts them in any order, whatever their weights", async () => {
  const { random } = await strategies();
  const chooser = random.prepare(choicesOf([100, 1, 1]));
  const orders = new Map<string, number>();
  for (let count = 0; count < calls; count++) {
    const order = orderOf(chooser).join("");
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  assert.equal(orders.size, 6);
  assert.ok(fitsShares([...orders.values()], [1, 1, 1, 1, 1, 1]), JSON.stringify([...orders]));
});

test("error-rate draws by weight as long as nothing failed", async () => {
  const { "error-rate": strategy } = await strategies();
  const weights = [5, 3, 2];
  const counts = countsOf(firstsOf(strategy.prepare(choicesOf(weights)), calls), 3);
  assert.ok(fitsShares(counts, weights), String(counts));
});
