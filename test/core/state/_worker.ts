// A process of its own on one Redis: waits for a line on stdin, takes as often as told, prints what passed.
import { createInterface } from "node:readline";
import { createState } from "../../../core/state/index.ts";

const [url, key, attempts, limit] = process.argv.slice(2) as [string, string, string, string];
// A busy machine is no outage.
const state = await createState({ driver: "redis", url, commandTimeout: 10_000 });
const lines = createInterface(process.stdin);
// Not left behind when the test ends early.
const abandoned = () => process.exit(1);
lines.once("close", abandoned);
console.log("ready");
await new Promise((resolve) => lines.once("line", resolve));
lines.removeListener("close", abandoned);
lines.close();
let passed = 0;
const take = async () => {
  const result = await state.counters.take([{ key, limit: Number(limit), window: 60_000, amount: 1 }]);
  if (result.allowed) passed++;
};
// In waves, so that both processes are at it at the same time.
for (let left = Number(attempts); left > 0; left -= 25) {
  await Promise.all(Array.from({ length: Math.min(25, left) }, take));
}
console.log(JSON.stringify({ passed, healthy: state.healthy() }));
await state.close();
