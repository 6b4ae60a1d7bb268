import { definePlugin, requireAdmin } from "../../core/index.ts";
import { listTargets } from "./list.ts";

/** `GET /admin/targets`: what is known of upstreams, keys and models at the moment; for admins. */
export default definePlugin({
  name: "targets",
  setup: (_options, gateway) => ({
    routes(app) {
      app.get("/admin/targets", async (event) => {
        requireAdmin(await gateway.authenticate(event.req));
        return listTargets(gateway, new URL(event.req.url).searchParams);
      });
    },
  }),
});
