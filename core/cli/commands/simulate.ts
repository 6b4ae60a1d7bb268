import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { defineCommand } from "citty";
import * as v from "valibot";
import { located } from "../../../config/gateway.ts";
import { readTypedFile } from "../../../config/typed-file.ts";
import { sampler } from "../../simulation/distribution.ts";
import { loadSchema } from "../../simulation/load.ts";
import { seededRandom } from "../../simulation/random.ts";
import { simulate } from "../../simulation/simulate.ts";
import { readTrace } from "../../simulation/trace.ts";
import { configArgs, wholeNumber } from "../args.ts";
import { StartError, UsageError } from "../failure.ts";
import { readConfigFlags } from "../flags.ts";
import { load as loadConfig } from "../load.ts";
import { createCliLog } from "../log.ts";
import { print } from "../output.ts";
import { giveRoom } from "../roomy.ts";
import { describeSimulation } from "../simulation.ts";
import type { Arrivals } from "../../simulation/arrivals.ts";
import type { Load } from "../../simulation/load.ts";

/** `sluice simulate`. That calls fail in it is what it is for: the status is 0 then. */
export default defineCommand({
  meta: {
    name: "simulate",
    description:
      "Run a trace or a described load of calls through the configuration, under virtual time; sends nothing",
  },
  args: {
    ...configArgs,
    trace: {
      type: "string",
      alias: "t",
      valueHint: "file",
      description: "Calls to replay: JSON lines, or the lines of the request log",
    },
    load: {
      type: "string",
      alias: "l",
      valueHint: "file",
      description: "What comes and how services behave: YAML or JSON; with --trace the behaviour only",
    },
    seed: {
      type: "string",
      valueHint: "number",
      description: "What all chance follows from; the load's without it",
    },
    json: { type: "boolean", description: "Print JSON" },
  },
  async run({ args, rawArgs }) {
    const seed = wholeNumber("seed", args.seed, 0, Number.MAX_SAFE_INTEGER);
    if (args.trace === undefined && args.load === undefined)
      throw new UsageError("simulate needs --load, or --trace, or both");
    const loaded = await loadConfig(readConfigFlags(args, rawArgs));
    const load =
      args.load === undefined ? v.parse(loadSchema, {}) : await readTypedFile(args.load, loadSchema);
    const trace = args.trace === undefined ? undefined : await openTrace(args.trace, load, seed ?? load.seed);
    if (!trace && load.phases.length === 0)
      throw new StartError(`${args.load} has no phases, and there is no --trace: no calls would come`);
    if (!trace && expectedCalls(load) > manyCalls) await giveRoom();
    // What the gateway says of each call is counted; it need not be read.
    const log = createCliLog("error");
    const simulation = { config: loaded.config, load, trace, seed, log };
    const result = await located(loaded, () => simulate(simulation));
    if (trace && trace.skipped > 0)
      result.notes.push(`${trace.skipped} lines of ${args.trace} are no calls for a model.`);
    print(args.json ? `${JSON.stringify(result, null, 2)}\n` : describeSimulation(result));
  },
});

/** From so many on, a second start costs less than it saves. */
const manyCalls = 50_000;

function expectedCalls({ phases, calls = Number.POSITIVE_INFINITY }: Load): number {
  const come = phases.map(({ for: ms, rate, to = rate }) => (ms / 1000) * ((rate + to) / 2));
  return Math.min(
    calls,
    come.reduce((sum, some) => sum + some, 0),
  );
}

/** Reads a trace; calls that do not tell their tokens have as many as the load says. */
async function openTrace(path: string, load: Load, seed: number): Promise<Arrivals & { skipped: number }> {
  const { input = 0, output = 0 } = load.tokens;
  const file = createReadStream(path);
  const opened = new Promise<void>((resolve, reject) => {
    file.once("open", () => resolve());
    file.once("error", (error: NodeJS.ErrnoException) =>
      reject(new StartError(`${path} cannot be read (${error.code ?? error.message})`)),
    );
  });
  await opened;
  const lines = createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY });
  return readTrace(lines, path, {
    inputTokens: sampler(input, seededRandom(seed, "input")),
    outputTokens: sampler(output, seededRandom(seed, "output")),
  });
}
