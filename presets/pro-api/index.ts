import { definePreset } from "../../config/preset.ts";
import { extendFile } from "../api-yaml/locate.ts";
import { proAPI } from "../formats.ts";

/** Runs on a pro-api's `api.yaml` as it is. Such a file is known without this preset, too. */
export default definePreset({
  name: "pro-api",
  description: "Runs on pro-api's api.yaml, in the working directory or at config_url.",
  load: (context) => extendFile(context, proAPI),
});
