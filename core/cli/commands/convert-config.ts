import { writeFile } from "node:fs/promises";
import { defineCommand } from "citty";
import { UsageError } from "../failure.ts";
import { print, printError } from "../output.ts";

/** `sluice convert-config`: another gateway's configuration as one of ours. */
export default defineCommand({
  meta: {
    name: "convert-config",
    description: "Write the api.yaml of uni-api or pro-api as a configuration of Sluice",
  },
  args: {
    file: { type: "positional", required: true, valueHint: "file|url", description: "The api.yaml" },
    output: {
      type: "string",
      alias: "o",
      valueHint: "file",
      description: "File to write, which must not be there; standard output without it",
    },
  },
  async run({ args: { file, output } }) {
    // Loaded on use: other commands do without it.
    const { convertConfig } = await import("../../../config/convert.ts");
    const text = await convertConfig(file);
    if (output === undefined) return print(text);
    // The keys that stand in it are for nobody else.
    await writeFile(output, text, { flag: "wx", mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(
        error.code === "EEXIST"
          ? `${output} is there already: choose another file`
          : `cannot write ${output} (${error.code})`,
      );
    });
    printError(`Written to ${output}.`);
  },
});
