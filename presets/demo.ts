import { definePreset } from "../config/preset.ts";

/** A gateway to try things out with: it needs no configuration, no key and no network. */
export default definePreset({
  name: "demo",
  description: "An upstream inside the gateway that answers anyone on this machine.",
  load: () => ({
    extends: "default",
    // Whoever reaches it is let in, so it listens to this machine only.
    server: { host: "127.0.0.1" },
    upstreams: [{ name: "demo", provider: "demo", models: ["demo", "demo-embedding"], prefix: "/demo" }],
    plugins: [{ auth: { anonymous: true } }],
  }),
});
