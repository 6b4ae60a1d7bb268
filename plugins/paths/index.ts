import * as v from "valibot";
import { definePlugin } from "../../core/index.ts";

const path = v.pipe(v.string(), v.startsWith("/", "a path that begins with /"));

/** Has endpoints found under other paths, too: for clients that leave out the version, say. */
export default definePlugin({
  name: "paths",
  options: v.pipe(
    v.record(path, path),
    v.description("Further path: the endpoint's own, such as /chat/completions: /v1/chat/completions."),
  ),
  setup: (paths) => ({ paths }),
});
