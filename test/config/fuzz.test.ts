import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { parse } from "yaml";
import { ConfigError, loadConfig } from "../../config/index.ts";
import type { LoadedConfig, LoadOptions } from "../../config/index.ts";
import { seededRandom } from "../_seeded.ts";
import { inFolder } from "./_folder.ts";
import { mutate, randomValue } from "./_mutations.ts";
import type { Random } from "./_mutations.ts";

/** `SLUICE_FUZZ_SEED=… SLUICE_FUZZ_RUNS=5000` runs a failure again, or for longer. */
const seed = Number(process.env.SLUICE_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
const runs = Number(process.env.SLUICE_FUZZ_RUNS ?? 120);
console.log(`SLUICE_FUZZ_SEED=${seed}`);

/** ms, of which one reading may take far less. */
const deadline = 30_000;

const env = { OPENAI_API_KEY: "Zebra Umbrella Quartz", TEAM_KEY: "Walrus.Trombone.Velvet", NUMBER: "7" };
/** The first two are known by the names of their variables, the others by their looks. */
const secrets = [
  env.OPENAI_API_KEY,
  env.TEAM_KEY,
  "sk-plain-key-of-the-example-0005",
  "sk-spare-key-of-the-example-0003",
];

const example = (await readFile(new URL("../../config/example.yaml", import.meta.url), "utf8"))
  .replaceAll(/^\s*#.*\n| #.*/gm, "")
  // No reading asks the network, wherever an address ends up.
  .replaceAll(/https?:\/\/[^/\s"]+/g, "http://127.0.0.1:9")
  .replaceAll("ANTHROPIC_API_KEY", "NUMBER");
const value: unknown = parse(example, { merge: true });
const texts = [
  example,
  JSON.stringify(value, null, 2),
  JSON.stringify(value),
  "base: &base { provider: demo, key: ${TEAM_KEY} }\nupstreams: [*base, { <<: *base, name: b }]\n",
  'plugins: { auth: { anonymous: { models: ["a*"] } }, ./none.ts: , retry: false }\nkeys: [${TEAM_KEY}]\n',
];

/** What came of a reading: anything but a configuration or a ConfigError is thrown. */
async function outcome(options: LoadOptions): Promise<LoadedConfig | ConfigError> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it takes too long")), deadline);
  });
  try {
    return await Promise.race([loadConfig(options), late]);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function check(result: LoadedConfig | ConfigError): void {
  if (!(result instanceof ConfigError)) {
    assert.ok(Array.isArray(result.config.upstreams));
    for (const { plugin } of result.config.plugins) assert.equal(typeof plugin.setup, "function");
    return;
  }
  assert.ok(result.problems.length > 0, "an error without a problem");
  for (const { path, found, expected } of result.problems) {
    assert.ok(Array.isArray(path) && path.every((part) => ["string", "number"].includes(typeof part)));
    assert.ok(found && typeof found === "string", `found: ${String(found)}`);
    assert.ok(expected && typeof expected === "string", `expected: ${String(expected)}`);
  }
  const told = result.message + JSON.stringify(result.problems);
  // Glued to other letters by a mutation, nobody could know one by its looks.
  for (const secret of secrets) assert.doesNotMatch(told, new RegExp(`\\b${secret}`));
}

/** Reads what `make` makes of each run's own random numbers. A failure tells which run it was, and of what. */
async function fuzz(
  make: (random: Random, folder: string) => Promise<[LoadOptions, what: string]>,
): Promise<void> {
  await inFolder({}, async ({ path }) => {
    for (let run = 0; run < runs; run++) {
      const [options, what] = await make(seededRandom(seed + run), path);
      try {
        check(await outcome({ cwd: path, env, ...options }));
      } catch (error) {
        throw new Error(`run ${run} of seed ${seed}:\n${what}`, { cause: error });
      }
    }
  });
}

test("any text comes to a configuration, or to mistakes that say what was found and expected", async () => {
  await fuzz(async (random, folder) => {
    const text = mutate(random, texts);
    const file = join(folder, random() < 0.5 ? "a.yaml" : "a.json");
    await writeFile(file, text);
    return [{ file }, text];
  });
});

test("any value does too, whether it comes as an object or as JSON", async () => {
  await fuzz(async (random, folder) => {
    const config = randomValue(random, secrets);
    const text = JSON.stringify(config);
    if (random() < 0.5) return [{ file: false, config: config as object }, text];
    await writeFile(join(folder, "b.json"), text);
    return [{ file: "b.json" }, text];
  });
});
