import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { call, chat, configFor } from "./_call.ts";
import { processTest, within } from "./_sluice.ts";
import { chatAnswer, sendJson, startUpstream } from "../../_gateway.ts";

/** What a shell would send for a line such as `curl URL -H 'name: value' -d 'body'`. */
async function send(line: string): Promise<{ status: number; body: string }> {
  const [, url = "", body = ""] =
    /^curl (\S+) -H 'content-type: application\/json' -d '(.+)'$/.exec(line) ?? [];
  return call(url, { body: JSON.parse(body) as object });
}

processTest(
  "without a configuration the demo runs, and the line it prints is answered",
  async ({ start }) => {
    const sluice = await start();
    assert.match(sluice.said(), /^ {2}preset demo: 1 upstream, 1 prefix, no keys$/m);
    const line = /^ {2}(curl .+)$/m.exec(await sluice.says(/^ {2}curl .+$/m))?.[1] ?? "";
    assert.equal(new URL(sluice.url).hostname, "127.0.0.1");
    const answer = await send(line);
    assert.equal(answer.status, 200);
    assert.match(answer.body, /"object":"chat\.completion"/);
    // The line holds for a real shell too, where there is a curl.
    const shell = spawnSync("sh", ["-c", `${line} -s --noproxy '*' -o /dev/null -w '%{http_code}'`], {
      encoding: "utf8",
    });
    if (shell.status !== 127) assert.equal(shell.stdout, "200");
    sluice.signal("SIGTERM");
    assert.equal(await within("the end of the process", sluice.ended), 0);
  },
);

processTest(
  "a configuration runs on any free port; its log is on standard output and nothing else is",
  async (bench) => {
    const upstream = await startUpstream((_req, res) => sendJson(res, 200, chatAnswer()));
    bench.defer(upstream.close);
    await bench.write({ "team.json": configFor(upstream.url, { server: { port: 1 } }) });
    const sluice = await bench.start("serve", "--config", "team.json", "--port", "0");
    assert.match(sluice.said(), /^ {2}team\.json: 1 upstream, no prefixes, no keys$/m);
    assert.doesNotMatch(sluice.said(), /curl/);
    const { status, body } = await call(`${sluice.url}/v1/chat/completions`, { body: chat() });
    assert.equal(status, 200);
    assert.match(body, /Hello!/);
    assert.deepEqual(await call(`${sluice.url}/healthz`), {
      status: 200,
      body: '{"status":"ok"}',
      broken: false,
    });
    assert.deepEqual(await call(`${sluice.url}/readyz`), {
      status: 200,
      body: '{"status":"ready","state":"ok"}',
      broken: false,
    });
    sluice.signal("SIGTERM");
    assert.equal(await within("the end of the process", sluice.ended), 0);
    const lines = sluice.out().trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { path: string }).path),
      ["/v1/chat/completions"],
    );
  },
);

processTest("a preset is laid under the configuration, and --host over it", async ({ write, start, run }) => {
  await write({ "sluice.yaml": "server: { host: 127.0.0.2 }\n" });
  const sluice = await start("--preset", "demo", "--host", "127.0.0.1");
  assert.equal(new URL(sluice.url).hostname, "127.0.0.1");
  assert.equal((await call(`${sluice.url}/v1/chat/completions`, { body: chat("demo") })).status, 200);
  assert.match((await run("check", "--preset", "demo")).out, /It would listen on 127\.0\.0\.2, port 8787,/);
});

processTest("limits outlive a restart when the state is kept in files", async (bench) => {
  const upstream = await startUpstream((_req, res) => sendJson(res, 200, chatAnswer()));
  bench.defer(upstream.close);
  const state = { driver: "fs", path: "./state" };
  const keys = [{ key: "sk-test-key", name: "test", limits: ["3/hour"] }];
  await bench.write({ "sluice.json": configFor(upstream.url, { state, keys, plugins: [] }) });
  const statuses = async (calls: number): Promise<number[]> => {
    const sluice = await bench.start();
    const seen: number[] = [];
    for (let n = 0; n < calls; n++) {
      const { status } = await call(`${sluice.url}/v1/chat/completions`, {
        key: "sk-test-key",
        body: chat(),
      });
      seen.push(status);
    }
    sluice.signal("SIGTERM");
    assert.equal(await within("the end of the process", sluice.ended), 0);
    return seen;
  };
  assert.deepEqual(await statuses(2), [200, 200]);
  assert.deepEqual(await statuses(2), [200, 429]);
});
