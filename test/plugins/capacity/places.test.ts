import assert from "node:assert/strict";
import { test } from "node:test";
import { Canceller } from "../../../core/cancel.ts";
import { Places } from "../../../plugins/capacity/places.ts";
import { fakeClock } from "../../_fake-clock.ts";
import type { Concurrency, Waited } from "../../../plugins/capacity/places.ts";

function setUp(concurrency: Concurrency) {
  const clock = fakeClock();
  const places = new Places(concurrency);
  const ends: string[] = [];
  return {
    clock,
    places,
    ends,
    /** A call that waits under a name; says how its wait ended. */
    wait(name: string, key: number | undefined = undefined, timeout = 1000) {
      const canceller = new Canceller();
      const waiting: Promise<Waited> = places.wait(key, timeout, { canceller }, clock);
      void waiting.then((how) => void ends.push(`${name} ${how}`));
      return canceller;
    },
    /** Lets promises go on. */
    async settled(): Promise<string[]> {
      await new Promise((resolve) => setTimeout(resolve));
      return ends;
    },
  };
}

test("places are taken and given back, for the upstream and for each key", () => {
  const { places } = setUp({ upstream: 3, keys: [2, undefined] });
  assert.deepEqual([places.enter(0), places.enter(0), places.enter(0)], [true, true, false]);
  assert.deepEqual([places.isFull(1), places.enter(1), places.enter(1)], [false, true, false]);
  places.leave(0);
  assert.deepEqual([places.enter(1), places.active, places.activeOf(0), places.activeOf(1)], [true, 3, 1, 2]);
});

test("who came first is let in first", async () => {
  const { places, wait, settled, clock } = setUp({ upstream: 1, keys: [] });
  places.enter(undefined);
  for (const name of ["a", "b", "c"]) wait(name);
  places.leave(undefined);
  assert.deepEqual(await settled(), ["a in"]);
  assert.deepEqual([places.waiting, places.active, places.enter(undefined)], [2, 1, false]);
  places.leave(undefined);
  places.leave(undefined);
  assert.deepEqual(await settled(), ["a in", "b in", "c in"]);
  assert.equal(clock.timers, 0);
});

test("who waits for one key does not hold up who waits for another", async () => {
  const { places, wait, settled } = setUp({ upstream: 2, keys: [1, 1] });
  places.enter(0);
  places.enter(1);
  wait("a", 0);
  wait("b", 1);
  places.leave(1);
  assert.deepEqual(await settled(), ["b in"]);
});

test("a wait ends with its deadline, or with its call; neither leaves a timer or takes a place", async () => {
  const { places, wait, settled, clock } = setUp({ upstream: 1, keys: [] });
  places.enter(undefined);
  wait("a", undefined, 1000);
  const b = wait("b", undefined, 5000);
  wait("c", undefined, 9000);
  clock.pass(1000);
  b.cancel(new Error("left"));
  assert.deepEqual(await settled(), ["a late", "b gone"]);
  assert.deepEqual([places.waiting, clock.timers], [1, 1]);
  places.leave(undefined);
  assert.deepEqual(await settled(), ["a late", "b gone", "c in"]);
  assert.deepEqual([places.waiting, places.active, clock.timers], [0, 1, 0]);
});

test("a call that is over does not wait", async () => {
  const { places, clock } = setUp({ upstream: 1, keys: [] });
  const canceller = new Canceller();
  canceller.cancel(new Error("left"));
  assert.equal(await places.wait(undefined, 1000, { canceller }, clock), "gone");
  assert.deepEqual([places.waiting, clock.timers], [0, 0]);
});

test("a configuration that allows more lets in who waits", async () => {
  const { places, wait, settled } = setUp({ upstream: 1, keys: [] });
  places.enter(undefined);
  wait("a");
  places.concurrency = { upstream: undefined, keys: [] };
  places.admit();
  assert.deepEqual(await settled(), ["a in"]);
});
