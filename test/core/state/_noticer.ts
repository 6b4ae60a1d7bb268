// A process of its own with a board on one Redis: prints its notes when they change, writes as it is told on stdin.
import { createInterface } from "node:readline";
import { createState } from "../../../core/state/index.ts";

// A busy machine is no outage.
const options = { driver: "redis", url: process.argv[2] ?? "", commandTimeout: 10_000 } as const;
const { board } = await createState(options);
let shown = "";
setInterval(() => {
  const notes = JSON.stringify([...board.entries("")].sort());
  if (notes !== shown) console.log(notes);
  shown = notes;
}, 10);
for await (const line of createInterface(process.stdin)) {
  const [verb, key = "", value = ""] = line.split(" ");
  if (verb === "set") board.set(key, value, 60_000);
  else board.delete(key);
}
process.exit(0);
