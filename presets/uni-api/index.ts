import { definePreset } from "../../config/preset.ts";
import { extendFile } from "../api-yaml/locate.ts";
import { uniAPI } from "../formats.ts";

/** Runs on a uni-api's `api.yaml` as it is. Such a file is known without this preset, too. */
export default definePreset({
  name: "uni-api",
  description: "Runs on uni-api's api.yaml, in the working directory or at CONFIG_URL.",
  load: (context) => extendFile(context, uniAPI),
});
