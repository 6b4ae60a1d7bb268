import type { ServeFlags } from "./flags.ts";
import type { LoadedConfig } from "../../config/load.ts";

/** What the start says: where, from what, how much, and with the demo a line to try. */
export function banner(
  url: string,
  { config, source }: Pick<LoadedConfig, "config" | "source">,
  flags: Pick<ServeFlags, "workers" | "https">,
): string {
  const prefixes = config.upstreams.flatMap((upstream) => upstream.prefix ?? []).length;
  const counts = [
    count(config.upstreams.length, "upstream", "upstreams"),
    count(prefixes, "prefix", "prefixes"),
    count(config.keys?.length ?? 0, "key", "keys"),
  ];
  if (flags.workers > 1) counts.push(count(flags.workers, "worker", "workers"));
  const lines = [`Sluice listens on ${url}`, `  ${source}: ${counts.join(", ")}`];
  const offersDemo = config.upstreams.some(({ models }) => models?.includes("demo"));
  if (offersDemo && !config.keys?.length)
    lines.push("Try it:", `  ${demoCall(url, flags.https !== undefined)}`);
  return lines.join("\n");
}

function count(number: number, one: string, many: string): string {
  return `${number || "no"} ${number === 1 ? one : many}`;
}

/** A line for a shell. The demo's certificate is a generated one, which nobody knows. */
function demoCall(url: string, https: boolean): string {
  const body = JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hello" }] });
  return `curl ${https ? "-k " : ""}${url}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`;
}
