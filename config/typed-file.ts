import { resolve } from "node:path";
import process from "node:process";
import { ConfigError } from "../core/config-error.ts";
import { Origins } from "./origins.ts";
import { Secrets } from "./secrets.ts";
import { readText } from "./text.ts";
import { validate } from "./validate.ts";
import { readYAML } from "./yaml.ts";
import type { GenericSchema, InferOutput } from "valibot";
import type { Reading } from "./document.ts";
import type { Section } from "./merge-maps.ts";

/**
 * Reads a YAML or JSON file that is no configuration, but has a schema of its own.
 * @param path From the working directory.
 * @throws ConfigError with every mistake, each with its line.
 */
export async function readTypedFile<S extends GenericSchema>(
  path: string,
  schema: S,
): Promise<InferOutput<S>> {
  const reading: Reading = { env: process.env as Reading["env"], problems: [], secrets: new Secrets() };
  const result = await readText(resolve(path));
  if (result.failure !== undefined) {
    const expected = "a YAML or JSON file";
    throw new ConfigError([{ path: [], found: result.failure, expected, file: path }]);
  }
  const json = /\.jsonc?$/.test(path);
  const document = readYAML({ text: result.text, name: path, base: resolve(path, ".."), json }, reading);
  const origins = new Origins();
  origins.setRoot({ document, path: [] });
  const merged = { value: (document.value ?? {}) as Section, origins };
  const read = document.broken ? undefined : validate(schema, merged, [], reading.problems);
  if (reading.problems.length > 0)
    throw new ConfigError(reading.problems.map((problem) => reading.secrets.cleanProblem(problem)));
  return read as InferOutput<S>;
}
