import { defineCommand } from "citty";
import { createGateway } from "../../../config/gateway.ts";
import { configArgs } from "../args.ts";
import { readConfigFlags } from "../flags.ts";
import { load, offline } from "../load.ts";
import { createCliLog } from "../log.ts";
import { print } from "../output.ts";
import { describe, understand } from "../understanding.ts";

export default defineCommand({
  meta: {
    name: "check",
    description: "Read the configuration and show what it means, or every mistake in it",
  },
  args: { ...configArgs, json: { type: "boolean", description: "Print JSON" } },
  async run({ args, rawArgs }) {
    const loaded = await load(readConfigFlags(args, rawArgs));
    const gateway = await createGateway(offline(loaded), { log: createCliLog("warn") });
    try {
      const understanding = understand(loaded, gateway);
      print(args.json ? `${JSON.stringify(understanding, null, 2)}\n` : describe(understanding));
    } finally {
      await gateway.close(0);
    }
  },
});
