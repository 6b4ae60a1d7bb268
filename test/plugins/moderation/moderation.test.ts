import assert from "node:assert/strict";
import { test } from "node:test";
import { chatAnswer, sendJson, startGateway, startUpstream, until } from "../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../_gateway.ts";

type Handler = Parameters<typeof startUpstream>[0];

/** A moderation model that dislikes the word "bad". */
const moderate: Handler = (req, res) => {
  const { input } = JSON.parse(req.body.toString()) as { input: string | string[] };
  const results = [input].flat().map((text) => {
    const flagged = text.includes("bad");
    const categories = { hate: false, violence: flagged };
    return { flagged, categories, category_scores: { hate: 0.01, violence: flagged ? 0.8 : 0.02 } };
  });
  sendJson(res, 200, { id: "modr-1", model: "omni", results });
};

interface Running {
  gateway: TestGateway;
  /** What the upstream was asked for moderation, and for all else. */
  moderations: () => { model: string; input: string | string[] }[];
  others: () => TestUpstream["requests"];
}

async function withModeration(
  options: object,
  work: (running: Running) => Promise<void>,
  moderation: Handler = moderate,
): Promise<void> {
  const upstream = await startUpstream((req, res) => {
    if (req.url === "/v1/moderations") moderation(req, res);
    else sendJson(res, 200, chatAnswer());
  });
  const gateway = await startGateway({
    upstreams: [
      {
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        models: ["gpt-4o", "dall-e", "omni"],
        keys: ["sk-up"],
      },
    ],
    keys: [
      { key: "sk-a", name: "team-a" },
      { key: "sk-b", name: "team-b" },
    ],
    plugins: [{ moderation: { model: "omni", ...options } }, { retry: { attempts: 1 } }],
  });
  const isModeration = ({ url }: { url: string }): boolean => url === "/v1/moderations";
  try {
    await work({
      gateway,
      moderations: () =>
        upstream.requests.filter(isModeration).map(({ body }) => JSON.parse(body.toString())),
      others: () => upstream.requests.filter((request) => !isModeration(request)),
    });
  } finally {
    await gateway.close();
    await upstream.close();
  }
}

function post(
  gateway: TestGateway,
  body: object,
  path = "/v1/chat/completions",
  key = "sk-a",
): Promise<Response> {
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", ...body }),
  });
}

const says = (...texts: string[]) => ({ messages: texts.map((content) => ({ role: "user", content })) });

async function errorOf(response: Response): Promise<{ message: string; code: string; type: string }> {
  return ((await response.json()) as { error: { message: string; code: string; type: string } }).error;
}

test("a call that is not flagged goes on", () =>
  withModeration({}, async ({ gateway, moderations, others }) => {
    const response = await post(gateway, says("good"));
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), chatAnswer());
    assert.equal(response.headers.get("x-sluice-flagged"), null);
    assert.deepEqual(moderations(), [{ model: "omni", input: "good" }]);
    assert.equal(others().length, 1);
  }));

test("a flagged call is refused, naming categories and not the text", () =>
  withModeration({}, async ({ gateway, others }) => {
    const response = await post(gateway, says("a bad secret"));
    assert.equal(response.status, 400);
    assert.deepEqual(await errorOf(response), {
      message: "The request was flagged by moderation: violence.",
      type: "invalid_request_error",
      param: null,
      code: "content_flagged",
    } as object);
    assert.equal(others().length, 0);
  }));

test("text in several parts and messages is judged as one", () =>
  withModeration({}, async ({ gateway, moderations }) => {
    const parts = [
      { type: "text", text: "first" },
      { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      { type: "text", text: "bad" },
    ];
    const messages = [{ role: "user", content: parts }, ...says("last").messages];
    assert.equal((await post(gateway, { messages })).status, 400);
    assert.deepEqual(moderations(), [{ model: "omni", input: "first\nbad\nlast" }]);
  }));

test("scope: last looks at the last turn, all at every one", async () => {
  const messages = [
    { role: "user", content: "bad" },
    { role: "assistant", content: "no" },
    { role: "user", content: "good" },
  ];
  await withModeration({}, async ({ gateway }) => {
    assert.equal((await post(gateway, { messages })).status, 200);
  });
  await withModeration({ scope: "all" }, async ({ gateway }) => {
    assert.equal((await post(gateway, { messages })).status, 400);
  });
});

test("the end of a long text does not slip through", () =>
  withModeration({}, async ({ gateway, moderations }) => {
    const response = await post(gateway, says(`${"x".repeat(400_000)} bad`));
    assert.equal(response.status, 400);
    const inputs = moderations().map(({ input }) => input.length);
    assert.equal(inputs.length, 3);
    assert.equal(inputs[0], 16);
  }));

test("an image's prompt and a speech's input are judged", () =>
  withModeration({}, async ({ gateway, moderations }) => {
    const image = await post(gateway, { model: "dall-e", prompt: "bad picture" }, "/v1/images/generations");
    assert.equal(image.status, 400);
    const speech = await post(gateway, { input: "bad words", voice: "alloy" }, "/v1/audio/speech");
    assert.equal(speech.status, 400);
    assert.deepEqual(
      moderations().map(({ input }) => input),
      ["bad picture", "bad words"],
    );
    const body = new FormData();
    for (const [name, value] of Object.entries({ model: "dall-e", prompt: "bad hat" }))
      body.append(name, value);
    const headers = { authorization: "Bearer sk-a" };
    const edit = await fetch(`${gateway.url}/v1/images/edits`, { method: "POST", headers, body });
    assert.equal(edit.status, 400);
    assert.equal(moderations().at(-1)?.input, "bad hat");
  }));

test("action: flag lets the call go on, with a header and a note", () =>
  withModeration({ action: "flag" }, async ({ gateway, others }) => {
    const noted: unknown[] = [];
    gateway.gateway.context.hooks.hook(
      "call:finish",
      (call) => void noted.push(call.notes.get("moderation")),
    );
    const response = await post(gateway, says("bad"));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("x-sluice-flagged"), "violence");
    await response.text();
    assert.equal(others().length, 1);
    // A call may end after its answer was read.
    await until(() => gateway.gateway.inFlight === 0);
    assert.deepEqual(
      noted.filter((note) => note !== undefined),
      [{ flagged: ["violence"] }],
    );
  }));

test("thresholds decide in the model's place", async () => {
  await withModeration({ categories: { violence: 0.9 } }, async ({ gateway }) => {
    assert.equal((await post(gateway, says("bad"))).status, 200);
  });
  await withModeration({ categories: { hate: 0.01 } }, async ({ gateway }) => {
    const response = await post(gateway, says("good"));
    assert.equal((await errorOf(response)).message, "The request was flagged by moderation: hate.");
  });
});

const failures: [name: string, handler: Handler, options?: object][] = [
  ["answers with an error", (_, res) => sendJson(res, 500, { error: { message: "down" } })],
  ["answers without results", (_, res) => sendJson(res, 200, { error: { message: "down" } })],
  ["answers with something else", (_, res) => res.end("<html>")],
  ["does not answer in time", () => {}, { timeout: "100ms" }],
  [
    "stops in the middle of its answer",
    (_, res) => {
      res.writeHead(200, { "content-type": "application/json" });
      res.write('{"results":');
    },
    { timeout: "100ms" },
  ],
  ["breaks off", (_, res) => res.destroy()],
];

for (const [name, handler, options] of failures) {
  test(`when the model ${name}, calls go on by default, loudly`, () =>
    withModeration(
      { ...options },
      async ({ gateway, others }) => {
        const response = await post(gateway, says("bad"));
        assert.equal(response.status, 200);
        await response.text();
        assert.equal(others().length, 1);
        const warnings = gateway.messages.filter(({ level }) => level === "warn");
        assert.equal(warnings.length, 1);
        assert.match(warnings[0]?.text ?? "", /^moderation: A call went on UNMODERATED/);
        assert.doesNotMatch(warnings[0]?.text ?? "", /bad/);
      },
      handler,
    ));

  test(`when the model ${name}, onError: block refuses`, () =>
    withModeration(
      { ...options, onError: "block" },
      async ({ gateway, others }) => {
        const response = await post(gateway, says("good"));
        assert.equal(response.status, 503);
        assert.equal((await errorOf(response)).code, "moderation_unavailable");
        assert.equal(others().length, 0);
      },
      handler,
    ));
}

test("the same text is judged once, and again where nothing is remembered", async () => {
  const twice = async ({ gateway, moderations }: Running): Promise<number> => {
    for (const text of ["good", "good", "bad", "bad"]) await (await post(gateway, says(text))).text();
    return moderations().length;
  };
  await withModeration({}, async (running) => assert.equal(await twice(running), 2));
  await withModeration({ remember: 0 }, async (running) => assert.equal(await twice(running), 4));
  await withModeration({ remember: 1 }, async (running) => {
    await twice(running);
    assert.equal((await post(running.gateway, says("good"))).status, 200);
    assert.equal(running.moderations().length, 3);
  });
});

test("a failure is not remembered", async () => {
  let fails = true;
  await withModeration(
    {},
    async ({ gateway }) => {
      assert.equal((await post(gateway, says("bad"))).status, 200);
      fails = false;
      assert.equal((await post(gateway, says("bad"))).status, 400);
    },
    (req, res) => (fails ? sendJson(res, 500, {}) : moderate(req, res)),
  );
});

test("paths, models, keys and operations choose what is moderated", async () => {
  await withModeration({ keys: ["team-b"] }, async ({ gateway }) => {
    assert.equal((await post(gateway, says("bad"))).status, 200);
    assert.equal((await post(gateway, says("bad"), undefined, "sk-b")).status, 400);
  });
  await withModeration({ models: ["gpt-*"] }, async ({ gateway }) => {
    assert.equal((await post(gateway, says("bad"))).status, 400);
    assert.equal((await post(gateway, { ...says("bad"), model: "omni" })).status, 200);
  });
  await withModeration({ paths: ["!/v1/chat/*"] }, async ({ gateway, moderations }) => {
    assert.equal((await post(gateway, says("bad"))).status, 200);
    assert.equal(moderations().length, 0);
  });
  await withModeration({}, async ({ gateway }) => {
    assert.equal((await post(gateway, { input: "bad" }, "/v1/embeddings")).status, 200);
  });
});

test("a call without a text asks nothing", () =>
  withModeration({}, async ({ gateway, moderations }) => {
    assert.equal((await post(gateway, { messages: [{ role: "user", content: "" }] })).status, 200);
    assert.equal(moderations().length, 0);
  }));
