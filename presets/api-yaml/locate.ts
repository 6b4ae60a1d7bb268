import { ConfigError } from "../../core/index.ts";
import type { PresetContext } from "../../config/preset.ts";
import type { Config } from "../../config/schema.ts";

/** A configuration that is another gateway's file: the one in the working directory, or at an address. */
export async function extendFile(
  { readFile, env }: PresetContext,
  { files, variable, addressFirst }: { files: readonly string[]; variable: string; addressFirst?: boolean },
): Promise<Config> {
  const address = env[variable] || undefined;
  if (address !== undefined && addressFirst) return { extends: asPath(address) };
  for (const name of files) if ((await readFile(name)) !== undefined) return { extends: `./${name}` };
  if (address !== undefined) return { extends: asPath(address) };
  const expected = `an ${files[0]} in the working directory, or its address in ${variable}`;
  throw new ConfigError([{ path: [], file: files[0] ?? "", found: "no file", expected }]);
}

/** A path, that of a file beside us too, and never a package. */
function asPath(address: string): string {
  return /^([a-z]+:\/\/|\/|\.\.?\/|~\/)/i.test(address) ? address : `./${address}`;
}
