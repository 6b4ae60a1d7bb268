import type { FormatReader } from "../../config/foreign.ts";
import { validate } from "../../config/validate.ts";
import { Draft } from "../api-yaml/draft.ts";
import { collectKeys } from "../api-yaml/secrets.ts";
import { slipsIn } from "../api-yaml/slips.ts";
import { mapChannels } from "./channels.ts";
import { mapKeys } from "./keys.ts";
import { uniSchema } from "./schema.ts";
import { mapSettings } from "./settings.ts";

/** Reads uni-api's `api.yaml`. */
const reader: FormatReader = {
  convert(file) {
    collectKeys(file, "api");
    const given = validate(uniSchema, file, [], file.problems);
    if (!given) return undefined;
    const draft = new Draft();
    const server = mapSettings(given, file.value, file.env, draft);
    const channels = mapChannels(given, file.value, draft);
    mapKeys(given, { file: file.value, channels, draft });
    return draft.finish({ ...(server && { server }) });
  },
  slips: (text) => slipsIn(text, Object.keys(uniSchema.entries)),
};

export default reader;
