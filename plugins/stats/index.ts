import { definePlugin, GatewayError, requireAdmin } from "../../core/index.ts";
import * as v from "valibot";
import { Book, longest } from "./book.ts";
import { reportOf } from "./report.ts";

const options = v.strictObject({
  enabled: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Count. False: nothing is counted, and the answer is empty."),
  ),
});

/**
 * `GET /stats?hours=24` and `/v1/stats`: how often which channel succeeded, and which models, endpoints and addresses
 * were asked for or called, by whole hours; for admins. All processes that share their state are counted together.
 */
export default definePlugin({
  name: "stats",
  options,
  setup({ enabled }, gateway) {
    const book = new Book(gateway);
    const unhook = enabled
      ? gateway.hooks.hook("call:finish", (call, outcome) => book.record(call, outcome))
      : undefined;
    const answer = async (request: Request): Promise<Response> => {
      requireAdmin(await gateway.authenticate(request));
      const hours = hoursOf(new URL(request.url).searchParams.get("hours"));
      return Response.json(enabled ? reportOf(await book.sum(hours), hours) : { stats: {} });
    };
    return {
      routes(app) {
        app.get("/stats", (event) => answer(event.req as Request));
        app.get("/v1/stats", (event) => answer(event.req as Request));
      },
      async close() {
        unhook?.();
        if (enabled) await book.write().catch(() => {});
      },
    };
  },
});

function hoursOf(text: string | null): number {
  const hours = text === null ? 24 : Number(text);
  if (Number.isInteger(hours) && hours >= 1 && hours <= longest) return hours;
  throw new GatewayError(`hours takes a whole number from 1 to ${longest}.`, {
    status: 400,
    code: "invalid_request",
    param: "hours",
  });
}
