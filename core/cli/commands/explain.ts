import { isIP } from "node:net";
import { defineCommand } from "citty";
import { createGateway } from "../../../config/gateway.ts";
import { configArgs } from "../args.ts";
import { UsageError } from "../failure.ts";
import { readConfigFlags } from "../flags.ts";
import { load, onlooking } from "../load.ts";
import { createCliLog } from "../log.ts";
import { print } from "../output.ts";
import { table } from "../table.ts";
import type { ExplainedTarget, Explanation } from "../../explain.ts";

/** `sluice explain`. That a call would be refused is an answer too: the status is 0 then. */
export default defineCommand({
  meta: {
    name: "explain",
    description: "Show where a call would go and why, or why it would be refused; sends nothing",
  },
  args: {
    ...configArgs,
    model: { type: "string", alias: "m", valueHint: "name", description: "The model that is asked for" },
    path: {
      type: "string",
      valueHint: "path",
      description: "The path that is called; a chat endpoint without it",
    },
    key: { type: "string", alias: "k", valueHint: "key", description: "The key that the call comes with" },
    ip: {
      type: "string",
      valueHint: "address",
      description: "The address that the call comes from, where that matters",
    },
    json: { type: "boolean", description: "Print JSON" },
  },
  async run({ args, rawArgs }) {
    const { model, path, key, ip } = args;
    if (!model && !path) throw new UsageError("explain needs --model, or --path, or both");
    if (path && !path.startsWith("/"))
      throw new UsageError(`--path takes a path such as /v1/embeddings, found ${JSON.stringify(path)}`);
    if (ip !== undefined && isIP(ip) === 0)
      throw new UsageError(`--ip takes an address such as 10.1.2.3, found ${JSON.stringify(ip)}`);
    const loaded = await load(readConfigFlags(args, rawArgs));
    const gateway = await createGateway(onlooking(loaded), { log: createCliLog("warn") });
    try {
      const explanation = await gateway.explain({ model, path, key, ip });
      if (explanation.refused?.code === "address_denied" && ip === undefined)
        explanation.notes.push("without --ip, it comes from an address that no list allows");
      print(args.json ? `${JSON.stringify(explanation, null, 2)}\n` : describe(explanation));
    } finally {
      await gateway.close(0);
    }
  },
});

function describe({ caller, refused, operation, model, candidates, notes }: Explanation): string {
  const what = [
    `A call (${operation})`,
    model && `for the model ${model}`,
    caller ? `by ${caller}` : "by nobody known",
  ];
  const said = [what.filter(Boolean).join(" ") + ":", ...notes.map((note) => `  ${note}`)];
  if (refused)
    said.push(`It would be refused with status ${refused.status}, ${refused.code}:`, `  ${refused.message}`);
  else if (candidates.length === 0) said.push("It would find no upstream.");
  else said.push("It would try these, in this order, until one answers:");
  const headings = ["#", "upstream", "provider", "base URL", "model there", "region", "key", "reason", "now"];
  const rows = candidates.map((one) => [
    one.order === undefined ? "" : String(one.order),
    one.upstream,
    one.provider,
    one.baseURL,
    one.model ?? "",
    one.region ?? "",
    one.key ?? "",
    one.reason,
    obstacleOf(one),
  ]);
  return `${said.join("\n")}\n${candidates.length > 0 && (!refused || candidates.some(({ obstacle }) => obstacle)) ? table(headings, rows) : ""}`;
}

/** Why a target is passed over, or tried only because there are no others. */
function obstacleOf({ order, obstacle }: ExplainedTarget): string {
  if (!obstacle) return "";
  const { kind, reason, until } = obstacle;
  const what = { rest: "rests", limit: "is at its limit", busy: "is busy" }[kind];
  const how = until === undefined ? what : `${what} until ${new Date(until).toISOString()}`;
  return `${order === undefined ? "passed over" : "for want of others"}: ${how}; ${reason}`;
}
