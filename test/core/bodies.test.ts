import assert from "node:assert/strict";
import test from "node:test";
import { chatAnswer, sendJson, startGateway, startUpstream } from "../_gateway.ts";

test("a JSON body of any size that is read arrives whole", async () => {
  const upstream = await startUpstream((_req, res) => sendJson(res, 200, chatAnswer()));
  const gateway = await startGateway({
    keys: ["sk-test"],
    upstreams: [{ provider: "openai", baseURL: upstream.url, key: "uk-1", models: ["gpt-4o"] }],
  });
  try {
    const headers = { authorization: "Bearer sk-test", "content-type": "application/json" };
    // Around the sizes in which sockets are read and small bodies taken at once.
    for (const size of [1, 16_000, 60_000, 65_000, 65_536, 66_000, 70_000, 131_072, 300_000, 2_000_000]) {
      const content = Array.from({ length: Math.ceil(size / 8) }, (_, at) => `${at}`.padStart(8)).join("");
      const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content }] });
      const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", headers, body });
      assert.equal(response.status, 200, `${size}: ${await response.text()}`);
      assert.ok(upstream.requests.at(-1)?.body.equals(Buffer.from(body)), `${size}: other bytes arrived`);
    }
  } finally {
    await gateway.close();
    await upstream.close();
  }
});
