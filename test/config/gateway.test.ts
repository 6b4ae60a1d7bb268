import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigError, createGateway, watchConfig } from "../../config/index.ts";
import type { Gateway, GatewayInput } from "../../config/index.ts";
import { chatAnswer, sendJson, startUpstream, until } from "../_gateway.ts";
import { listen } from "../_listen.ts";
import { inFolder } from "./_folder.ts";
import type { Folder } from "./_folder.ts";

const admin = "sk-admin-of-this-gateway";
const user = "sk-user-of-this-gateway";

/** A configuration whose only upstream is at a URL. */
function text(url: string, more = ""): string {
  return `
upstreams: [{ provider: openai, baseURL: "${url}", key: sk-of-the-upstream, models: [m] }]
keys: [{ key: ${admin}, name: boss, role: admin }, { key: ${user}, name: team }]
plugins: [{ request-log: false }]
${more}`;
}

async function withGateway(
  folder: Folder,
  input: GatewayInput,
  work: (gateway: Gateway, url: string) => Promise<void>,
): Promise<void> {
  const say = (message: string): void => void folder.messages.push(message);
  const log = { debug: say, info: say, warn: say, error: say };
  const gateway = await createGateway(input, { cwd: folder.path, env: {}, log });
  const server = await listen(gateway);
  try {
    await work(gateway, server.url);
  } finally {
    await server.close();
    await gateway.close(1000);
  }
}

/** Asks for a chat; yields the answer's text, or its status when it is an error. */
async function chat(url: string): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${user}` },
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }] }),
  });
  const body = (await response.json()) as { choices?: { message: { content: string } }[] };
  return body.choices?.[0]?.message.content ?? String(response.status);
}

function upstreamSaying(content: string) {
  return startUpstream((_, res) => sendJson(res, 200, chatAnswer(content)));
}

test("POST /reload_config takes over a good configuration, keeps the old one over a bad one, and says so", async () => {
  const one = await upstreamSaying("one");
  const two = await upstreamSaying("two");
  await inFolder({ "sluice.yaml": text(one.url) }, (folder) =>
    withGateway(folder, "sluice.yaml", async (gateway, url) => {
      const results: unknown[] = [];
      gateway.context.hooks.hook("config:reload", (result) => void results.push(result.ok));
      const reload = async (key?: string): Promise<[number, Record<string, unknown>]> => {
        const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
        const response = await fetch(`${url}/reload_config`, { method: "POST", headers });
        return [response.status, (await response.json()) as Record<string, unknown>];
      };
      assert.equal(await chat(url), "one");

      await folder.write({ "sluice.yaml": text(two.url) });
      for (const [key, status] of [
        [undefined, 401],
        ["sk-of-nobody", 401],
        [user, 403],
      ] as const) {
        assert.equal((await reload(key))[0], status);
      }
      assert.equal(await chat(url), "one");

      assert.deepEqual(await reload(admin), [200, { status: "reloaded" }]);
      assert.equal(await chat(url), "two");

      await folder.write({ "sluice.yaml": text(one.url, `aliases: { a: 5 }\nplugin: [${admin}]\n`) });
      const [status, body] = await reload(admin);
      assert.equal(status, 400);
      const { code, message, problems } = body.error as Record<string, unknown>;
      assert.equal(code, "invalid_config");
      assert.equal(message, "The new configuration has mistakes; the old one runs on.");
      const [alias, plugin, ...rest] = problems as Record<string, unknown>[];
      assert.deepEqual(alias, {
        path: ["aliases", "a"],
        file: "sluice.yaml",
        line: 5,
        column: 15,
        found: "5",
        expected: "text",
        hint: "put it in quotes",
      });
      assert.equal(plugin?.hint, 'did you mean "plugins"?');
      assert.deepEqual(rest, []);
      assert.ok(!JSON.stringify(body).includes(admin));
      assert.equal(await chat(url), "two");
      assert.deepEqual(results, [true, false]);
    }),
  );
  await Promise.all([one.close(), two.close()]);
});

test("without the plugin auth nobody may reload", async () => {
  await inFolder({ "sluice.yaml": "extends: []\n" }, (folder) =>
    withGateway(folder, {}, async (_, url) => {
      const headers = { authorization: `Bearer ${admin}` };
      const response = await fetch(`${url}/reload_config`, { method: "POST", headers });
      assert.equal(response.status, 403);
      await response.body?.cancel();
    }),
  );
});

test("mistakes that only show when plugins start have file and line too", async () => {
  const config = `
extends: []
upstreams:
  - { provider: demo, name: same, models: [a] }
  - provider: demo
    options: { unknown: 1 }
plugins:
  - ./fails.mjs
`;
  const plugin =
    'export default { name: "fails", setup() { throw new Error("no luck with sk-secret-of-mine"); } };';
  await inFolder({ "sluice.yaml": config, "fails.mjs": plugin }, async (folder) => {
    const file = join(folder.path, "sluice.yaml");
    const error = await createGateway({ file, cwd: folder.path, env: {} }).catch((reason: unknown) => reason);
    assert.ok(error instanceof ConfigError);
    assert.match(
      error.message,
      /^sluice\.yaml:8:5 plugins\[0\].*: found no luck with sk-…mine, expected plugin fails to start$/m,
    );
  });
});

test("a call in flight ends on the configuration it began on, whatever is reloaded meanwhile", async () => {
  let finish = (): void => {};
  const one = await startUpstream((_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write('data: {"choices":[{"index":0,"delta":{"content":"be"}}]}\n\n');
    finish = () =>
      void res.end('data: {"choices":[{"index":0,"delta":{"content":"gun"}}]}\n\ndata: [DONE]\n\n');
  });
  const two = await upstreamSaying("two");
  await inFolder({ "sluice.yaml": text(one.url) }, (folder) =>
    withGateway(folder, "sluice.yaml", async (gateway, url) => {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${user}` },
        body: JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Hi" }] }),
      });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const first = (await reader?.read())?.value ?? "";

      await folder.write({ "sluice.yaml": text(two.url) });
      await gateway.reload();
      assert.equal(await chat(url), "two");
      await folder.write({ "sluice.yaml": "upstreams: none\n" });
      await assert.rejects(gateway.reload(), ConfigError);
      // The call of `chat` may end after its client has the answer.
      await until(() => gateway.inFlight === 1);

      finish();
      let rest = first;
      for (let read = await reader?.read(); read && !read.done; read = await reader?.read())
        rest += read.value;
      assert.match(rest, /"be"[\s\S]*"gun"[\s\S]*\[DONE\]/);
      await until(() => gateway.inFlight === 0);
    }),
  );
  await Promise.all([one.close(), two.close()]);
});

test("a watched file changes what runs; a bad one does not", async () => {
  const one = await upstreamSaying("one");
  const two = await upstreamSaying("two");
  await inFolder({ "sluice.yaml": text(one.url) }, (folder) =>
    withGateway(folder, "sluice.yaml", async (gateway, url) => {
      const errors: string[] = [];
      const watcher = watchConfig(gateway.loaded, {
        onChange: (loaded) => gateway.reload(loaded),
        onError: (error) => void errors.push(error.message),
      });
      const { loaded } = gateway;
      await folder.write({ "sluice.yaml": text(two.url, "servr: {}") });
      await until(() => errors.length > 0, 10_000);
      assert.equal(gateway.loaded, loaded);
      assert.equal(await chat(url), "one");
      await folder.write({ "sluice.yaml": text(two.url) });
      await until(() => gateway.loaded !== loaded, 10_000);
      assert.equal(await chat(url), "two");
      watcher.close();
    }),
  );
  await Promise.all([one.close(), two.close()]);
});

test("reloads that overlap follow each other: the last one is what runs, and plugins are closed once", async () => {
  // The earlier ones take longer to start.
  const plugin = `
globalThis.open ??= 0;
const close = () => void globalThis.open--;
const setup = async (_, { aliases }) => {
  await new Promise((resolve) => setTimeout(resolve, Number(aliases.delay)));
  globalThis.open++;
  return { close };
};
export default { name: "counting", setup };
`;
  await inFolder({ "counting.mjs": plugin }, async (folder) => {
    const base = { file: false as const, cwd: folder.path, env: {} };
    const withDelay = (delay: number) => ({
      ...base,
      config: {
        extends: [],
        plugins: ["./counting.mjs"],
        state: { driver: "fs", path: join(folder.path, String(delay)) },
        aliases: { delay: String(delay) },
      },
    });
    const gateway = await createGateway(withDelay(0));
    await Promise.all([120, 60, 1].map((delay) => gateway.reload(withDelay(delay))));
    assert.equal(gateway.context.aliases.delay, "1");
    assert.equal(gateway.loaded.config.aliases?.delay, "1");
    const counted = globalThis as unknown as { open: number };
    await until(() => counted.open === 1);
    await gateway.close();
    assert.equal(counted.open, 0);
  });
});

test("a gateway is made of a path, options, an object, or what was loaded", async () => {
  await inFolder({ "sluice.yaml": "aliases: { a: file }\nextends: []\n" }, async (folder) => {
    const { path: cwd } = folder;
    const inputs: [GatewayInput, unknown][] = [
      ["sluice.yaml", "file"],
      [{ file: "sluice.yaml" }, "file"],
      [{}, "file"],
      [{ aliases: { a: "object" }, extends: [] }, "object"],
      [await folder.load(), "file"],
    ];
    for (const [input, alias] of inputs) {
      const gateway = await createGateway(input, { cwd, env: {} });
      assert.equal(gateway.context.aliases.a, alias);
      await gateway.close();
    }
  });
});
