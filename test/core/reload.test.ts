import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";
import { chatAnswer, sendJson, startUpstream, until } from "../_gateway.ts";
import { serve } from "./_served.ts";

const key = "sk-client-0123456789";
const countedKey = "sk-counted-0123456789";
/** What the plugin below leaves behind: how often each of its set-ups was closed, and calls that ended after that. */
const closes: number[] = [];
const late: string[] = [];
Object.assign(globalThis, { reloadTest: { closes, late } });
const pluginSource = `
export default {
  name: "generations",
  setup() {
    const { closes, late } = globalThis.reloadTest;
    const at = closes.push(0) - 1;
    return {
      stage: "guard",
      middleware(call, next) {
        call.responseHeaders.push("x-set-up", String(at));
        call.onFinish(() => void (closes[at] > 0 && late.push(call.id)));
        return next();
      },
      close: () => void closes[at]++,
    };
  },
};
`;

/** As a user writes it; the header tells upstreams which one runs. */
function configuration(upstream: string, number: number, spoiled = ""): string {
  return `
plugins:
  - request-log: false
  - ./generations.mjs${spoiled}
upstreams:
  - { provider: openai, baseURL: ${upstream}/v1, keys: [up-secret-0123], models: [gpt-4o], headers: { x-number: "${number}" } }
keys:
  - { key: ${key}, name: load }
  - { key: ${countedKey}, name: counted, limits: [8/day] }
`;
}

/** A configuration with a mistake: one that no YAML is, one that the schema, a plugin or core finds. */
function mistaken(upstream: string, number: number): string {
  const right = configuration(upstream, number);
  const kinds = [
    right.slice(0, -40),
    right.replace("upstreams:", "upstream:"),
    right.replace("provider: openai", "provider: opnai"),
    configuration(upstream, number, "\n  - retry: { attempts: many }"),
    configuration(upstream, number, "\n  - ./missing.mjs"),
  ];
  return kinds[number % kinds.length] ?? "";
}

const pieces = Array.from({ length: 12 }, (_, i) => `data: {"choices":[{"delta":{"content":"${i}"}}]}\n\n`);
const stream = `${pieces.join("")}data: [DONE]\n\n`;

/** Answers small calls at once, and streams over half a second, which is longer than two reloads take. */
async function answer(req: IncomingMessage & { body: Buffer }, res: ServerResponse): Promise<void> {
  if (!req.body.includes('"stream":true')) {
    sendJson(res, 200, chatAnswer());
    return;
  }
  res.writeHead(200, { "content-type": "text/event-stream" });
  for (const piece of pieces) {
    res.write(piece);
    await sleep(40);
  }
  res.end("data: [DONE]\n\n");
}

interface Answered {
  status: number;
  text: string;
  setUp: number;
}

/** One call over a connection that is kept. */
async function chat(client: Client, streaming: boolean, bearer = key): Promise<Answered> {
  const { statusCode, headers, body } = await client.request({
    method: "POST",
    path: "/v1/chat/completions",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", stream: streaming, messages: [{ role: "user", content: "hi" }] }),
  });
  return { status: statusCode, text: await body.text(), setUp: Number(headers["x-set-up"]) };
}

test("reloads under load: no call fails, an old generation is closed once, and limits go on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-reload-"));
  const file = join(folder, "sluice.yaml");
  const upstream = await startUpstream((req, res) => void answer(req, res));
  await writeFile(join(folder, "generations.mjs"), pluginSource);
  await writeFile(file, configuration(upstream.url, 0));
  const served = await serve({ file });
  const { gateway } = served;
  const clients: Client[] = [];
  const newClient = (): Client => {
    const client = new Client(`http://127.0.0.1:${served.port}`);
    clients.push(client);
    return client;
  };
  try {
    const small = JSON.stringify(chatAnswer());
    const setUps = new Set<number>();
    const wrong: unknown[] = [];
    let calls = 0;
    const stopped = new AbortController();
    const load = async (streaming: boolean): Promise<void> => {
      const client = newClient();
      while (!stopped.signal.aborted) {
        const answered = await chat(client, streaming).catch((error: unknown) => ({ error }));
        calls++;
        if ("setUp" in answered) setUps.add(answered.setUp);
        const right = "status" in answered && answered.status === 200;
        if (!right || answered.text !== (streaming ? stream : small)) wrong.push(answered);
      }
    };
    const loads = [false, false, true, true, true].map(load);

    const countedStatuses: number[] = [];
    let number = 0;
    for (let i = 1; i <= 50; i++) {
      const began = Date.now();
      const [callsBefore, setUpsBefore] = [calls, setUps.size];
      const valid = i % 2 === 0;
      // As editors do it: a file of its own, then in the other's place.
      await writeFile(`${file}.new`, valid ? configuration(upstream.url, i) : mistaken(upstream.url, i >> 1));
      await rename(`${file}.new`, file);
      if (valid) {
        await gateway.reload();
        number = i;
      } else {
        await assert.rejects(gateway.reload(), { name: "ConfigError" });
      }
      if (i % 6 === 1) countedStatuses.push((await chat(newClient(), false, countedKey)).status);
      if (i % 10 === 1) {
        // The last one without mistakes is what runs.
        assert.equal(gateway.context.upstreams[0]?.headers["x-number"], String(number));
      }
      await sleep(Math.max(0, 200 - (Date.now() - began)));
      // On a slow machine too, calls come between two reloads, and some to what was just loaded.
      await until(() => calls >= callsBefore + 5 && (!valid || setUps.size > setUpsBefore));
    }
    stopped.abort();
    await Promise.all(loads);

    assert.deepEqual(wrong, []);
    assert(calls > 200, `only ${calls} calls`);
    assert(setUps.size > 20, `only ${setUps.size} generations served`);
    assert.deepEqual(countedStatuses, [200, 200, 200, 200, 200, 200, 200, 200, 429]);
    assert.deepEqual(late, []);
    await until(() => gateway.inFlight === 0);
    // All but the one that runs; those of configurations with a mistake elsewhere too.
    await until(() => closes.filter((count) => count === 0).length === 1);
    assert.deepEqual([...new Set(closes)].toSorted(), [0, 1]);
    assert.equal((await chat(newClient(), false)).setUp, closes.indexOf(0));
    assert.deepEqual(served.messages, []);
  } finally {
    await Promise.all(clients.map((client) => client.destroy()));
    await served.close();
    await upstream.close();
    await rm(folder, { recursive: true });
  }
  assert.deepEqual([...new Set(closes)], [1]);
});
