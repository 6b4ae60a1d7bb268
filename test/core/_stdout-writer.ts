import process from "node:process";
import { stdoutSink } from "../../core/lines.node.ts";
import { createLineWriter } from "../../core/lines.ts";

/** Writes lines of 500 characters for half a second, then tells on stderr how often its clock ticked. */
let lost = 0;
let ticks = 0;
const clock = setInterval(() => ticks++, 10);
const writer = createLineWriter(stdoutSink(), { onLost: (lines) => (lost += lines) });
for (let i = 0; i < 2000; i++) {
  writer.write(`${i} ${"x".repeat(500)}`);
  if (i % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 20));
}
await writer.close();
clearInterval(clock);
process.stderr.write(JSON.stringify({ ticks, lost }));
