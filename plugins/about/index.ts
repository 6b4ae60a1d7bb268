import * as v from "valibot";
import { definePlugin, version } from "../../core/index.ts";

const options = v.strictObject({
  name: v.pipe(v.optional(v.string(), "sluice"), v.description("What the gateway calls itself.")),
});

/** `GET /`: name and version of what answers here, for whoever looks whether it is up. */
export default definePlugin({
  name: "about",
  options,
  async setup({ name }) {
    const answer = { name, version: await version() };
    return { routes: (app) => void app.get("/", () => Response.json(answer)) };
  },
});
