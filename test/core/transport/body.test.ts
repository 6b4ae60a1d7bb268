import assert from "node:assert/strict";
import { test } from "node:test";
import { toStream } from "../../../core/transport/body.ts";
import type { BodySink, WireBody } from "../../../core/transport/types.ts";

/** A reader of a body, its first read, and where the body's pieces and its break are put in. */
async function reading() {
  let start: (sink: BodySink) => void = () => {};
  const started = new Promise<BodySink>((resolve) => (start = resolve));
  const nothing = (): void => {};
  const body: WireBody = {
    ready: () => Promise.resolve(),
    start: (sink) => start(sink),
    pause: nothing,
    resume: nothing,
    cancel: nothing,
  };
  const reader = toStream(body).getReader();
  const first = reader.read();
  first.catch(nothing);
  return { reader, first, sink: await started };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("what came before a break is read before the break is told", async () => {
  const { reader, first, sink } = await reading();
  for (const text of ["one", "two", "three"]) sink.chunk(bytes(text));
  sink.fail(new Error("cut"));
  const read = [await first, await reader.read(), await reader.read()];
  assert.deepEqual(
    read.map(({ value }) => new TextDecoder().decode(value)),
    ["one", "two", "three"],
  );
  await assert.rejects(reader.read(), { message: "cut" });
});

test("a break before anything came is told at once", async () => {
  const { first, sink } = await reading();
  sink.fail(new Error("cut"));
  await assert.rejects(first, { message: "cut" });
});

test("a break while the next piece is waited for is told to who waits", async () => {
  const { reader, first, sink } = await reading();
  sink.chunk(bytes("one"));
  assert.equal((await first).value?.byteLength, 3);
  const second = reader.read();
  await new Promise((resolve) => setTimeout(resolve, 0));
  sink.fail(new Error("cut"));
  await assert.rejects(second, { message: "cut" });
});
