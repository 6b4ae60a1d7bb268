import type { FormatReader } from "../../config/foreign.ts";
import type { ForeignFile } from "../../config/foreign.ts";
import { unknownKey } from "../../config/shape.ts";
import type { Finding } from "../../config/shape.ts";
import { toProblem, validate } from "../../config/validate.ts";
import { Draft } from "../api-yaml/draft.ts";
import { slipsIn } from "../api-yaml/slips.ts";
import { furtherKeys, ownKeys } from "./kinds.ts";
import { proSchema } from "./schema.ts";
import type { ProConfig } from "./schema.ts";
import { mapServices } from "./services.ts";
import { mapSettings } from "./settings.ts";
import { mapTokens } from "./tokens.ts";

/** Keys of providers that are nearly one of pro-api's are no options of the provider, but mistakes. */
function misspelt(file: ForeignFile, { providers }: ProConfig): Finding[] {
  const findings = providers.flatMap((given, index) =>
    furtherKeys(given).flatMap((key) => {
      const finding = unknownKey(["providers", index, key], ownKeys);
      return finding.hint === undefined ? [] : [finding];
    }),
  );
  for (const finding of findings) file.problems.push(toProblem(file, finding));
  return findings;
}

/** Reads pro-api's `api.yaml`. */
const reader: FormatReader = {
  convert(file) {
    const given = validate(proSchema, file, [], file.problems);
    if (!given) return undefined;
    if (misspelt(file, given).length > 0) return undefined;
    const draft = new Draft();
    const server = mapSettings(given, draft);
    mapServices(given, draft);
    mapTokens(given, draft);
    return draft.finish({ ...(server && { server }) });
  },
  slips: (text) => slipsIn(text, Object.keys(proSchema.entries)),
};

export default reader;
