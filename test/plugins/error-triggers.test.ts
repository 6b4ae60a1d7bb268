import assert from "node:assert/strict";
import { test } from "node:test";
import { chatAnswer, sendJson, startGateway, startUpstream } from "../_gateway.ts";
import type { TestUpstream } from "../_gateway.ts";

/** A stream of one text, in two pieces. */
function streaming(text: string): Promise<TestUpstream> {
  return startUpstream((_, res) => {
    const chunk = (delta: object): string =>
      `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta }] })}\n\n`;
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(chunk({ role: "assistant", content: text }));
    setImmediate(() => res.end(`${chunk({ content: " quota" })}data: [DONE]\n\n`));
  });
}

async function ask(url: string, stream: boolean): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }], stream }),
  });
  return { status: response.status, text: await response.text() };
}

function configOf(upstreams: TestUpstream[]): object {
  return {
    upstreams: upstreams.map(({ url }, index) => ({
      name: `up-${index}`,
      provider: "openai",
      baseURL: url,
      key: "k",
      models: ["m"],
      priority: -index,
    })),
    plugins: [{ auth: { anonymous: true } }, { "error-triggers": { texts: ["quota exceeded"] } }],
  };
}

test("a stream that begins with a trigger is replaced by the next upstream's, and passes whole otherwise", async () => {
  const bad = await streaming("Your quota exceeded");
  const good = await streaming("Hello");
  const gateway = await startGateway(configOf([bad, good]));
  try {
    const { status, text } = await ask(gateway.url, true);
    assert.equal(status, 200);
    assert.match(text, /Hello[\s\S]* quota[\s\S]*\[DONE\]/);
    assert.doesNotMatch(text, /exceeded/);
    assert.deepEqual([bad.requests.length, good.requests.length], [1, 1]);
  } finally {
    await gateway.close();
    await bad.close();
    await good.close();
  }
});

test("with nowhere else to go, the client is told of a bad upstream", async () => {
  const bad = await startUpstream((_, res) => sendJson(res, 200, chatAnswer("quota exceeded")));
  const config = configOf([bad]) as { plugins: unknown[] };
  const gateway = await startGateway({ ...config, plugins: [...config.plugins, { retry: { attempts: 1 } }] });
  try {
    const { status, text } = await ask(gateway.url, false);
    assert.equal(status, 502);
    assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, "upstream_error_text");
  } finally {
    await gateway.close();
    await bad.close();
  }
});
