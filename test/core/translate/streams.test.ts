import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { startWatched, summary } from "../../_calls.ts";
import type { WatchedGateway } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import type { Defer } from "../../_defer.ts";
import { startUpstream, until } from "../../_gateway.ts";
import { post as rawPost, rawClient, unchunk } from "../../_raw.ts";
import type { RawClient } from "../../_raw.ts";
import {
  answerWith,
  asking,
  pairs,
  post,
  readAnswer,
  readStream,
  sent,
  speakers,
  spoken,
  streamOf,
  streamType,
  textAnswer,
  textChunks,
  textOf,
} from "./_wire.ts";
import type { Spoken } from "./_wire.ts";

const said = "The model is overloaded.";

/** What a service writes into its stream when it fails in the middle of it. */
const failures: Partial<Record<Spoken, string>> = {
  "openai-chat": `data: ${JSON.stringify({ error: { message: said, type: "server_error", code: 503 } })}\n\n`,
  anthropic: `event: error\ndata: ${JSON.stringify({ type: "error", error: { type: "overloaded_error", message: said } })}\n\n`,
  gemini: `data: ${JSON.stringify({ error: { code: 503, message: said, status: "UNAVAILABLE" } })}\r\n\r\n`,
  "openai-responses": `event: error\ndata: ${JSON.stringify({ type: "error", code: "server_error", message: said, param: null, sequence_number: 9 })}\n\n`,
  ollama: `${JSON.stringify({ error: said })}\n`,
};
const failing = Object.keys(failures) as Spoken[];

interface Scene {
  gateway: WatchedGateway;
  /** Names of the services, as they were asked. */
  asked: string[];
}

/** A gateway before one server that is every service; `spare` follows each as `<model>-spare` does. */
async function setUp(
  defer: Defer,
  answer: (name: Spoken, res: ServerResponse, spare: boolean) => void,
  server: object = {},
): Promise<Scene> {
  const asked: string[] = [];
  const upstream = await startUpstream((req, res) => {
    const [, name = "", kind = ""] = (req.url ?? "").split("/");
    asked.push(`${kind} ${name}`);
    answer(name as Spoken, res, kind === "spare");
  });
  defer(upstream.close);
  const of = (name: Spoken, kind: string) => ({
    provider: `speaks-${name}`,
    name: `${kind}-${name}`,
    baseURL: `${upstream.url}/${name}/${kind}`,
    key: "k",
    priority: kind === "spare" ? 0 : 1,
  });
  const gateway = await startWatched({
    server,
    plugins: [
      speakers,
      { retry: { attempts: 2, backoff: { base: "1ms", max: "1ms" } } },
      { cooldown: false },
      { breaker: false },
    ],
    upstreams: spoken.flatMap((name) => [
      { ...of(name, "first"), models: [`model-${name}`, `alone-${name}`] },
      { ...of(name, "spare"), models: [`model-${name}`] },
    ]),
  });
  defer(gateway.close);
  return { gateway, asked };
}

function begin(name: Spoken, res: ServerResponse): void {
  res.writeHead(200, { "content-type": streamType(name) });
}

/** A client that asks for a stream. */
function calling(url: string, client: Spoken, model: string): RawClient {
  const { path, body } = sent(client, asking("Hello", { model }), true);
  return rawClient(url, rawPost(path, body, "Connection: close\r\n"));
}

/** All that a client gets of a stream, and whether its connection came to its proper end. */
async function received({ over }: RawClient): Promise<{ bytes: Buffer; whole: boolean }> {
  const text = await over;
  assert.match(text, /^HTTP\/1\.1 200 /, text.slice(0, 200));
  const { body: raw, whole } = unchunk(text);
  return { bytes: Buffer.from(raw, "latin1"), whole };
}

deferTest("each protocol's stream reaches each protocol's client, and its usage the log", async (defer) => {
  const { gateway } = await setUp(defer, (name, res) => {
    begin(name, res);
    res.end(streamOf(name, textChunks("Hé", "llo 🌍")));
  });
  for (const [i, [client, upstream]] of pairs.entries()) {
    const about = `${client} → ${upstream}`;
    const { bytes, whole } = await received(calling(gateway.url, client, `model-${upstream}`));
    assert.equal(whole, true, about);
    const { answer, complete } = readStream(client, bytes);
    assert.equal(complete, true, about);
    assert.equal(answer && textOf(answer), "Héllo 🌍", about);
    const { outcome } = await gateway.ended(i + 1);
    assert.equal(outcome.usage?.outputTokens, 5, about);
  }
});

deferTest(
  "an error before the first piece is tried elsewhere: the client sees the other answer only",
  async (defer) => {
    const { gateway, asked } = await setUp(defer, (name, res, spare) => {
      begin(name, res);
      res.end(spare ? streamOf(name, textChunks("Here.")) : failures[name]);
    });
    for (const [client, upstream] of pairs.filter(([, name]) => failing.includes(name))) {
      asked.length = 0;
      const about = `${client} → ${upstream}`;
      const { bytes, whole } = await received(calling(gateway.url, client, `model-${upstream}`));
      assert.equal(whole, true, about);
      const { answer, complete } = readStream(client, bytes);
      assert.equal(complete, true, `${about}: ${bytes.toString()}`);
      assert.equal(answer && textOf(answer), "Here.", about);
      assert.deepEqual(asked, [`first ${upstream}`, `spare ${upstream}`], about);
      const alone = await post(gateway.url, client, asking("Hello", { model: `alone-${upstream}` }), true);
      assert.ok(alone.status >= 500, about);
      assert.ok((await alone.text()).includes(said), about);
    }
  },
);

/** What an upstream may do to a stream that has begun. */
const breaks: Record<string, (name: Spoken, res: ServerResponse) => void> = {
  "an error": (_name, res) => void res.end(failures[_name]),
  "a cut": (_name, res) => void res.destroy(),
  "an end without its mark": (_name, res) => void res.end(),
};

for (const [how, breakOff] of Object.entries(breaks)) {
  deferTest(
    `${how} after the first piece is told in the client's protocol, and never as an end`,
    async (defer) => {
      let client: RawClient | undefined;
      const { gateway, asked } = await setUp(defer, (name, res) => {
        begin(name, res);
        // Neither the reason to end nor the end mark: the stream stops within the text.
        res.write(streamOf(name, textChunks("Half").slice(0, 2), false));
        // What comes of a stream that breaks before its client has the first piece is another matter.
        void until(() => client?.text().includes("Half") === true)
          .catch(() => {})
          .then(() => breakOff(name, res));
      });
      const chosen = how === "an error" ? pairs.filter(([, name]) => failing.includes(name)) : pairs;
      for (const [i, [name, upstream]] of chosen.entries()) {
        asked.length = 0;
        const about = `${name} → ${upstream}`;
        client = calling(gateway.url, name, `model-${upstream}`);
        const { bytes, whole } = await received(client);
        assert.equal(whole, false, about);
        assert.equal(asked.length, 1, `${about}: nothing is tried again`);
        assertTold(name, bytes, how === "an error" ? said : "closed the connection", about);
        const end = await gateway.ended(i + 1);
        assert.deepEqual(summary(end), { status: 200, result: "broken", attempts: [200] }, about);
      }
    },
  );
}

/** The client's own reader has to come upon the error, after the text. */
function assertTold(client: Spoken, bytes: Buffer, message: string, about: string): void {
  const text = bytes.toString("utf8");
  assert.ok(text.includes("Half"), about);
  assert.ok(text.includes(message), `${about}: ${text}`);
  assert.throws(
    () => {
      if (readStream(client, bytes).complete) assert.fail(`${about}: it ends as if it were whole`);
      throw new Error("not whole");
    },
    (error: Error) => !(error instanceof assert.AssertionError),
    about,
  );
}

deferTest(
  "a client that leaves a translated stream aborts its upstream, before and in the middle of it",
  async (defer) => {
    let closed = 0;
    let sendText = true;
    const { gateway, asked } = await setUp(defer, (name, res) => {
      res.on("close", () => closed++);
      begin(name, res);
      if (sendText) res.write(streamOf(name, textChunks("Half").slice(0, 2), false));
      else res.flushHeaders();
    });
    let calls = 0;
    for (sendText of [true, false]) {
      for (const [client, upstream] of [
        ["openai-chat", "anthropic"],
        ["anthropic", "gemini"],
        ["gemini", "openai-responses"],
        ["openai-responses", "bedrock-converse"],
        ["bedrock-converse", "ollama"],
      ] as const) {
        const leaving = calling(gateway.url, client, `model-${upstream}`);
        if (sendText) await until(() => leaving.text().includes("Half"));
        // Once the service has the call: what never came to it cannot be taken back from it.
        else await until(() => asked.length === calls + 1);
        leaving.socket.destroy();
        calls++;
        await until(() => closed === calls);
        const { outcome, call } = await gateway.ended(calls);
        assert.deepEqual([outcome.status, outcome.result, call.attempts.length], [499, "client-gone", 1]);
      }
    }
    assert.equal(gateway.gateway.inFlight, 0);
  },
);

deferTest(
  "an upstream that answers a stream's request whole, and one that streams unasked",
  async (defer) => {
    const { gateway } = await setUp(
      defer,
      (name, res) => void answerWith(name, res, textAnswer("Whole — 漢."), false),
    );
    for (const [client, upstream] of pairs) {
      const about = `${client} → ${upstream}`;
      const response = await post(gateway.url, client, asking("Hello", { model: `model-${upstream}` }), true);
      assert.equal(response.headers.get("content-type"), streamType(client), about);
      assert.equal(textOf(await readAnswer(client, response, true)), "Whole — 漢.", about);
    }
  },
);

deferTest("a stream that nobody asked for is joined to a whole answer, or refused as one", async (defer) => {
  const { gateway } = await setUp(defer, (name, res) => {
    begin(name, res);
    res.end(streamOf(name, textChunks("Streamed")));
  });
  for (const [client, upstream] of pairs) {
    const about = `${client} → ${upstream}`;
    const response = await post(gateway.url, client, asking("Hello", { model: `model-${upstream}` }), false);
    if (response.status === 200)
      assert.equal(textOf(await readAnswer(client, response, false)), "Streamed", about);
    else assert.equal(response.status, 502, about);
  }
});

deferTest("a client that does not read slows its upstream down", async (defer) => {
  const piece = "x".repeat(8192);
  let written = 0;
  let drained = true;
  const { gateway } = await setUp(defer, (name, res) => {
    begin(name, res);
    const event = Buffer.from(streamOf(name, textChunks(piece).slice(1, 2), false));
    const pour = (): void => {
      while (written < 64 * 1024 * 1024 && !res.destroyed) {
        written += event.byteLength;
        if (!res.write(event)) {
          drained = false;
          res.once("drain", () => ((drained = true), pour()));
          return;
        }
      }
    };
    pour();
  });
  for (const [client, upstream] of [
    ["openai-chat", "ollama"],
    ["anthropic", "openai-chat"],
  ] as const) {
    written = 0;
    const slow = calling(gateway.url, client, `model-${upstream}`);
    await until(() => slow.text().includes("xxx"));
    slow.socket.pause();
    let before = -1;
    // Once nothing more goes out over a while, it has come to stand.
    for (let still = 0; still < 5; still = before === written ? still + 1 : 0) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    assert.equal(drained, false);
    assert.ok(written < 24 * 1024 * 1024, `${written} bytes went out`);
    slow.socket.destroy();
    await until(() => gateway.gateway.inFlight === 0);
  }
});
