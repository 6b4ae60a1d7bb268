import { writeFile } from "node:fs/promises";
import { builtin, providers } from "../plugins/index.ts";
import { buildJSONSchema } from "./json-schema.ts";

/** Writes `schema.json` anew: `node --conditions=sluice-source --import tsx config/generate-schema.ts`. */
const schema = await buildJSONSchema(builtin, providers);
await writeFile(new URL("schema.json", import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
