import { definePlugin, requireAdmin } from "../../core/index.ts";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const length = 48;

/** `GET /v1/generate-api-key`: a new random key, to be written into the configuration; for admins. */
export default definePlugin({
  name: "generate-key",
  setup: (_options, gateway) => ({
    routes(app) {
      app.get("/v1/generate-api-key", async (event) => {
        requireAdmin(await gateway.authenticate(event.req as Request));
        return Response.json({ api_key: `sk-${randomText()}` });
      });
    },
  }),
});

/** Each letter as likely as any other: bytes above the last whole round of letters are drawn again. */
function randomText(): string {
  const usable = 256 - (256 % letters.length);
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < usable && text.length < length) text += letters[byte % letters.length];
    }
  }
  return text;
}
