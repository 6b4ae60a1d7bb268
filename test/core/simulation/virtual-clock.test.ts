import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../core/simulation/virtual-clock.ts";

const epoch = Date.UTC(2025, 0, 1);

function clockOf(): VirtualClock {
  return new VirtualClock(epoch, () => 0.5);
}

test("events come by time, those of one time in the order in which they were set down", async () => {
  const clock = clockOf();
  const seen: string[] = [];
  const note = (name: string) => () => void seen.push(`${name} ${clock.tick()}`);
  for (const ms of [30, 10, 20, 10, 0.5]) clock.after(ms, note(`after ${ms}`));
  clock.after(-5, note("late"));
  assert.equal(await clock.run(() => false), false);
  assert.deepEqual(seen, [
    "late 0",
    "after 0.5 0.5",
    "after 10 10",
    "after 10 10",
    "after 20 20",
    "after 30 30",
  ]);
  assert.equal(clock.now(), epoch + 30);
});

test("a thousand events in any order come in order", async () => {
  const clock = clockOf();
  const seen: number[] = [];
  const times = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1009);
  for (const at of times) clock.after(at, () => seen.push(clock.tick()));
  await clock.run(() => false);
  assert.deepEqual(
    seen,
    times.toSorted((a, b) => a - b),
  );
});

test("all promises have their turn before time goes on", async () => {
  const clock = clockOf();
  const seen: string[] = [];
  const deep = async (): Promise<void> => {
    for (let i = 0; i < 100; i++) await Promise.resolve();
    seen.push(`promises of ${clock.tick()}`);
    clock.after(0, () => seen.push(`set down by them ${clock.tick()}`));
  };
  clock.after(1, () => void deep());
  clock.after(2, () => seen.push("next"));
  await clock.run(() => false);
  assert.deepEqual(seen, ["promises of 1", "set down by them 1", "next"]);
});

test("what is called off, idle or endless does not happen, and takes no time", async () => {
  const clock = clockOf();
  const seen: string[] = [];
  const off = clock.after(5, () => seen.push("called off"));
  clock.after(50, () => seen.push("idle"), true);
  clock.after(Number.POSITIVE_INFINITY, () => seen.push("endless"));
  clock.after(1, off);
  assert.equal(await clock.run(() => false), false);
  assert.deepEqual([seen, clock.tick()], [[], 1]);
});

test("it ends when it is told to, and with what an event throws", async () => {
  const clock = clockOf();
  let events = 0;
  const again = (): void => void (events++, clock.after(10, again));
  again();
  assert.equal(await clock.run(() => events === 100), true);
  assert.deepEqual([events, clock.tick()], [100, 990]);
  clock.after(1, () => {
    throw new Error("broken event");
  });
  await assert.rejects(
    clock.run(() => false),
    /broken event/,
  );
});

test("its parts need no clock to be called on", () => {
  const { now, tick, random, after } = clockOf();
  after(1, () => {})();
  assert.deepEqual([now(), tick(), random()], [epoch, 0, 0.5]);
});
