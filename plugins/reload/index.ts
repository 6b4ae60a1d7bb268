import { ConfigError, definePlugin, requireAdmin } from "../../core/index.ts";

/**
 * `GET /reload_config`, beside the gateway's own POST: reads the configuration again, for admins. Answers
 * `{ status, msg }`, status 0 for success, 1 for a configuration with mistakes.
 */
export default definePlugin({
  name: "reload",
  setup: (_options, gateway) => ({
    routes(app) {
      app.get("/reload_config", async (event) => {
        requireAdmin(await gateway.authenticate(event.req as Request));
        try {
          await gateway.reload();
          return Response.json({ status: 0, msg: "The configuration was read again." });
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          return Response.json({ status: 1, msg: error.message }, { status: 400 });
        }
      });
    },
  }),
});
