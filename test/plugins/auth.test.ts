import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { after, test } from "node:test";
import { chatAnswer, sendJson, startGateway, startUpstream, until, type TestGateway } from "../_gateway.ts";

const upstream = await startUpstream((_req, res) => sendJson(res, 200, chatAnswer()));
after(() => upstream.close());

/** A gateway before the upstream, for one test. */
async function withGateway(config: object, run: (gateway: TestGateway) => Promise<void>): Promise<void> {
  upstream.requests.length = 0;
  const gateway = await startGateway({
    extends: [],
    upstreams: [
      {
        name: "one",
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        forwardURL: upstream.url,
        keys: ["sk-upstream"],
        models: ["gpt-4o", "gpt-4o-mini", "o1"],
        prefix: ["/openai", "/other"],
      },
    ],
    plugins: ["protocols/openai-chat", "auth", "routing"],
    ...config,
  });
  try {
    await run(gateway);
  } finally {
    await gateway.close();
  }
}

const auth = (options: object): object => ({
  plugins: ["protocols/openai-chat", { auth: options }, "routing"],
});

/** A chat call in the gateway's own API. */
function chat(url: string, headers: Record<string, string> = {}, model = "gpt-4o"): Promise<Response> {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }] });
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

/** A call with headers that fetch does not let through. Resolves with the status. */
function raw(url: string, headers: Record<string, string | string[]>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function assertRefused(
  response: Response,
  status: number,
  code: string,
  message: string,
  param: string | null = null,
): Promise<void> {
  const type = status === 401 ? "authentication_error" : "permission_error";
  assert.deepEqual(await response.json(), { error: { message, type, param, code } });
  assert.equal(response.status, status);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("www-authenticate"), status === 401 ? "Bearer" : null);
  assert.equal(upstream.requests.length, 0, "an upstream was asked");
}

const missing = "No API key was sent. Send one as `Authorization: Bearer <key>`.";
const invalid = "The API key that was sent is not valid here.";
const fromElsewhere = "Calls from this address are not allowed.";

test("a key is taken from every place where clients put it, and none of it reaches the upstream", async () => {
  const plugins = ["protocols/openai-chat", { auth: { headers: ["X-Team-Key"] } }, "routing"];
  await withGateway({ plugins, keys: [{ key: "sk-team", name: "team" }] }, async ({ url }) => {
    const forms: Record<string, string>[] = [
      { authorization: "Bearer sk-team" },
      { authorization: "bearer   sk-team" },
      { authorization: "sk-team" },
      { "x-api-key": "sk-team" },
      { "x-goog-api-key": "sk-team" },
      { "api-key": "sk-team" },
      { "x-team-key": "sk-team" },
      { "sec-websocket-protocol": "realtime, openai-insecure-api-key.sk-team" },
    ];
    for (const form of forms) {
      assert.equal(await raw(`${url}/openai/v1/files?a=%20&b`, form), 200, JSON.stringify(form));
      const seen = upstream.requests.pop();
      assert.equal(seen?.url, "/v1/files?a=%20&b");
      assert.equal(seen?.headers.authorization, "Bearer sk-upstream");
      assert.ok(!JSON.stringify(seen?.rawHeaders).includes("sk-team"), JSON.stringify(form));
    }
    assert.equal(await raw(`${url}/openai/v1/files?a=%20&key=sk-team&b`, {}), 200);
    assert.equal(upstream.requests.at(-1)?.url, "/v1/files?a=%20&b");
  });
});

test("of several credentials the first of ours counts, and no other reaches the upstream", async () => {
  await withGateway(
    {
      keys: [
        { key: "sk-a", name: "a" },
        { key: "sk-b", name: "b" },
      ],
    },
    async ({ url, gateway }) => {
      const names: (string | undefined)[] = [];
      gateway.context.hooks.hook("call:finish", (call) => void names.push(call.caller?.name));
      for (const turn of [1, 2]) {
        assert.equal(
          await raw(`${url}/openai/v1/files`, { authorization: "Bearer foreign", "x-api-key": "sk-b" }),
          200,
        );
        assert.equal(await raw(`${url}/openai/v1/files?key=sk-a`, { "x-api-key": "sk-b" }), 200);
        assert.equal(
          await raw(`${url}/openai/v1/files`, { authorization: "Bearer sk-a", "x-api-key": "sk-b" }),
          200,
          `turn ${turn}`,
        );
      }
      await until(() => gateway.inFlight === 0);
      assert.deepEqual(names, ["b", "b", "a", "b", "b", "a"]);
      assert.ok(
        upstream.requests.every(
          (seen) => !/foreign|sk-[ab]/.test(JSON.stringify(seen.rawHeaders) + seen.url),
        ),
      );
    },
  );
});

test("without a key, or with one that is not ours, a call is refused", async () => {
  await withGateway({ keys: ["sk-team"] }, async ({ url }) => {
    await assertRefused(await chat(url), 401, "missing_api_key", missing);
    await assertRefused(await chat(url, { authorization: "Bearer " }), 401, "missing_api_key", missing);
    for (const wrong of [
      "Bearer sk-teal",
      "Bearer sk-teamm",
      "Bearer sk-tea",
      "Basic sk-team",
      "Bearer SK-TEAM",
      "Bearer sk-team, Bearer sk-team",
    ]) {
      await assertRefused(await chat(url, { authorization: wrong }), 401, "invalid_api_key", invalid);
    }
    await assertRefused(await fetch(`${url}/v1/models?key=nobody`), 401, "invalid_api_key", invalid);
  });
});

test("the query is not looked at where the configuration says so, and then stays as it is", async () => {
  await withGateway({ ...auth({ queryKey: false }), keys: ["sk-team"] }, async ({ url }) => {
    await assertRefused(await fetch(`${url}/openai/v1/files?key=sk-team`), 401, "missing_api_key", missing);
    assert.equal(await raw(`${url}/openai/v1/files?key=name`, { authorization: "Bearer sk-team" }), 200);
    assert.equal(upstream.requests[0]?.url, "/v1/files?key=name");
  });
});

test("an expired key is refused, one that has not expired is taken", async () => {
  // It stays this moment, or a day might end between the configuration and the calls.
  const { now } = Date;
  const begun = now();
  const day = (days: number): string => new Date(begun + days * 24 * 3_600_000).toISOString();
  const keys = [
    { key: "sk-old", expires: day(-1) },
    { key: "sk-yesterday", expires: day(-1).slice(0, 10) },
    { key: "sk-today", expires: day(0).slice(0, 10) },
    { key: "sk-new", expires: day(1) },
  ];
  try {
    Date.now = () => begun;
    await withGateway({ keys }, async ({ url }) => {
      for (const turn of [1, 2]) {
        for (const key of ["sk-old", "sk-yesterday"]) {
          const response = await chat(url, { authorization: `Bearer ${key}` });
          await assertRefused(response, 401, "key_expired", "The API key that was sent has expired.");
        }
        assert.equal((await chat(url, { authorization: "Bearer sk-today" })).status, 200, `turn ${turn}`);
        assert.equal((await chat(url, { authorization: "Bearer sk-new" })).status, 200);
        upstream.requests.length = 0;
      }
    });
  } finally {
    Date.now = now;
  }
});

test("a key is bound to its addresses", async () => {
  const keys = [
    { key: "sk-office", allow: ["10.0.0.0/8"], deny: ["10.6.6.6"] },
    { key: "sk-home", deny: ["10.0.0.0/8"] },
  ];
  await withGateway({ keys, server: { trustProxy: ["127.0.0.1"] } }, async ({ url }) => {
    const from = (ip: string, key: string): Promise<Response> =>
      chat(url, { authorization: `Bearer ${key}`, "x-forwarded-for": ip });
    await assertRefused(await from("192.0.2.1", "sk-office"), 403, "address_denied", fromElsewhere);
    await assertRefused(await from("10.6.6.6", "sk-office"), 403, "address_denied", fromElsewhere);
    await assertRefused(await from("::ffff:10.1.1.1", "sk-home"), 403, "address_denied", fromElsewhere);
    assert.equal((await from("10.1.1.1", "sk-office")).status, 200);
    assert.equal((await from("::ffff:10.1.1.1", "sk-office")).status, 200);
    assert.equal((await from("192.0.2.1", "sk-home")).status, 200);
  });
});

test("addresses are refused before keys are looked at", async () => {
  const keys = ["sk-team"];
  await withGateway({ ...auth({ deny: ["127.0.0.0/8", "::1"] }), keys }, async ({ url }) => {
    await assertRefused(
      await chat(url, { authorization: "Bearer sk-team" }),
      403,
      "address_denied",
      fromElsewhere,
    );
    await assertRefused(await chat(url), 403, "address_denied", fromElsewhere);
  });
  await withGateway({ ...auth({ allow: ["10.0.0.0/8"] }), keys }, async ({ url }) => {
    await assertRefused(
      await chat(url, { authorization: "Bearer sk-team" }),
      403,
      "address_denied",
      fromElsewhere,
    );
  });
  await withGateway({ ...auth({ allow: ["127.0.0.1"] }), keys }, async ({ url }) => {
    assert.equal((await chat(url, { authorization: "Bearer sk-team" })).status, 200);
  });
});

test("a key may be bound to models", async () => {
  const keys = [{ key: "sk-small", models: ["gpt-*", "!gpt-4o"] }];
  await withGateway({ keys }, async ({ url }) => {
    const headers = { authorization: "Bearer sk-small" };
    for (const model of ["gpt-4o", "o1"]) {
      const message = `This API key may not use the model "${model}".`;
      await assertRefused(await chat(url, headers, model), 403, "model_not_allowed", message, "model");
    }
    assert.equal((await chat(url, headers, "gpt-4o-mini")).status, 200);
    assert.equal((await fetch(`${url}/openai/v1/files`, { headers })).status, 200);
  });
});

test("a rule on models holds under prefixes too, however the path is written", async () => {
  await withGateway({ keys: [{ key: "sk-small", models: ["gpt-4o-mini"] }] }, async ({ url }) => {
    const headers = { authorization: "Bearer sk-small", "content-type": "application/json" };
    const post = (path: string, model: string): Promise<Response> =>
      fetch(url + path, { method: "POST", headers, body: JSON.stringify({ model, messages: [] }) });
    const message = 'This API key may not use the model "gpt-4o".';
    await assertRefused(
      await post("/openai/v1/chat/completions", "gpt-4o"),
      403,
      "model_not_allowed",
      message,
      "model",
    );
    for (const path of [
      "/openai/v1//chat/completions",
      "/openai/v1/chat/completions/",
      "/openai/v1/batches",
    ]) {
      const response = await post(path, "gpt-4o");
      assert.equal(response.status, 403, path);
      const { error } = (await response.json()) as { error: { code: string; param: string } };
      assert.deepEqual([error.code, error.param], ["model_not_allowed", "model"]);
    }
    assert.equal(upstream.requests.length, 0);
    assert.equal((await post("/openai/v1/chat/completions", "gpt-4o-mini")).status, 200);
  });
});

test("an alias and its model are one to a rule", async () => {
  const keys = [
    { key: "sk-alias", models: ["small"] },
    { key: "sk-model", models: ["gpt-4o-mini"] },
    { key: "sk-not", models: ["*", "!gpt-4o-mini"] },
  ];
  await withGateway({ keys, aliases: { small: "gpt-4o-mini" } }, async ({ url }) => {
    const status = async (key: string, model: string): Promise<number> =>
      (await chat(url, { authorization: `Bearer ${key}` }, model)).status;
    assert.equal(await status("sk-not", "small"), 403);
    assert.equal(await status("sk-alias", "gpt-4o"), 403);
    assert.equal(upstream.requests.length, 0);
    assert.equal(await status("sk-alias", "small"), 200);
    assert.equal(await status("sk-model", "small"), 200);
  });
});

test("a key may be bound to prefixes", async () => {
  const keys = [{ key: "sk-one", prefixes: ["openai/"] }];
  await withGateway({ keys }, async ({ url }) => {
    const headers = { authorization: "Bearer sk-one" };
    const refused = await fetch(`${url}/other/v1/files`, { headers });
    await assertRefused(refused, 403, "prefix_not_allowed", "This API key may not use /other.");
    assert.equal((await fetch(`${url}/openai/v1/files`, { headers })).status, 200);
  });
});

test("the key is checked before any of the body is read", async () => {
  await withGateway({ keys: ["sk-team"] }, async ({ url }) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer no\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n",
    );
    const answer = await new Promise<string>((resolve, reject) => {
      socket.once("data", (data) => resolve(String(data)));
      socket.once("error", reject);
    });
    socket.destroy();
    assert.match(answer, /^HTTP\/1\.1 401 /);
  });
});

test("no keys and no word on anonymous calls: nobody gets in, and whoever runs it is told", async () => {
  await withGateway({}, async ({ url, messages }) => {
    const told = messages.filter(
      ({ level, text }) => level === "warn" && text.includes("No keys are configured"),
    );
    assert.equal(told.length, 1);
    const message =
      "This gateway has no keys configured, so it lets nobody in. Add `keys`, or set the option `anonymous` of the plugin auth.";
    await assertRefused(await chat(url), 401, "no_keys_configured", message);
    await assertRefused(
      await chat(url, { authorization: "Bearer sk-any" }),
      401,
      "no_keys_configured",
      message,
    );
  });
});

test("anonymous calls are let in where the configuration says so", async () => {
  await withGateway(
    { ...auth({ anonymous: true }), keys: ["sk-team"] },
    async ({ url, gateway, messages }) => {
      const callers: (string | undefined)[] = [];
      gateway.context.hooks.hook(
        "call:finish",
        (call) => void callers.push(`${call.caller?.name} ${call.caller?.role}`),
      );
      await assertRefused(
        await chat(url, { authorization: "Bearer sk-typo" }),
        401,
        "invalid_api_key",
        invalid,
      );
      assert.equal((await chat(url)).status, 200);
      assert.equal((await chat(url, { authorization: "Bearer sk-team" })).status, 200);
      await until(() => gateway.inFlight === 0);
      assert.deepEqual(callers, ["undefined undefined", "anonymous anonymous", "key-1 user"]);
      assert.deepEqual(messages, []);
    },
  );
});

test("without any keys an anonymous call may bring any key, which goes no further", async () => {
  await withGateway(auth({ anonymous: true }), async ({ url }) => {
    assert.equal((await chat(url, { authorization: "Bearer dummy" })).status, 200);
    assert.equal((await fetch(`${url}/openai/v1/files?key=dummy`)).status, 200);
    assert.ok(
      upstream.requests.every((seen) => !(JSON.stringify(seen.rawHeaders) + seen.url).includes("dummy")),
    );
    assert.equal(upstream.requests.length, 2);
  });
});

test("anonymous calls may be bound like keys", async () => {
  const anonymous = { models: ["gpt-4o-mini"], prefixes: [], unknownKeys: true };
  await withGateway({ ...auth({ anonymous }), keys: ["sk-team"] }, async ({ url }) => {
    const message = 'This API key may not use the model "gpt-4o".';
    await assertRefused(
      await chat(url, { authorization: "Bearer any" }),
      403,
      "model_not_allowed",
      message,
      "model",
    );
    await assertRefused(
      await fetch(`${url}/openai/v1/files`),
      403,
      "prefix_not_allowed",
      "This API key may not use /openai.",
    );
    assert.equal((await chat(url, {}, "gpt-4o-mini")).status, 200);
  });
});

test("a caller with a key of its own keeps it where the configuration says so", async () => {
  await withGateway(
    { ...auth({ passUnknownKeys: true }), keys: [{ key: "sk-team", name: "team" }] },
    async ({ url, gateway }) => {
      const callers: string[] = [];
      gateway.context.hooks.hook("call:finish", (call) => void callers.push(call.caller?.name ?? "none"));
      await assertRefused(await fetch(`${url}/openai/v1/files`), 401, "missing_api_key", missing);
      for (const authorization of [
        "Bearer sk-own-1",
        "Bearer sk-own-1",
        "Bearer sk-own-2",
        "Bearer sk-team",
      ]) {
        assert.equal(
          (await fetch(`${url}/openai/v1/files?key=mine`, { headers: { authorization } })).status,
          200,
        );
      }
      assert.deepEqual(
        upstream.requests.map((seen) => [seen.headers.authorization, seen.url]),
        [
          ["Bearer sk-own-1", "/v1/files?key=mine"],
          ["Bearer sk-own-1", "/v1/files?key=mine"],
          ["Bearer sk-own-2", "/v1/files?key=mine"],
          ["Bearer sk-upstream", "/v1/files"],
        ],
      );
      await until(() => gateway.inFlight === 0);
      assert.match(callers[1] ?? "", /^own:[0-9a-f]{16}$/);
      assert.equal(callers[2], callers[1]);
      assert.notEqual(callers[3], callers[1]);
      assert.equal(callers[4], "team");
    },
  );
});

test("the gateway's own endpoints want an admin", async () => {
  const keys = [
    { key: "sk-admin", role: "admin", models: ["o1"] },
    { key: "sk-user" },
    { key: "sk-late", role: "admin", expires: "2020-01-01" },
    { key: "sk-away", role: "admin", allow: ["10.0.0.0/8"] },
  ];
  await withGateway({ keys }, async ({ url }) => {
    const reload = async (headers: Record<string, string>, query = ""): Promise<string> => {
      const response = await fetch(`${url}/reload_config${query}`, { method: "POST", headers });
      const { error, status } = (await response.json()) as { error?: { code: string }; status?: string };
      return `${response.status} ${error?.code ?? status}`;
    };
    assert.equal(await reload({}), "401 missing_api_key");
    assert.equal(await reload({ authorization: "Bearer no" }), "401 invalid_api_key");
    assert.equal(await reload({ authorization: "Bearer sk-user" }), "403 admin_required");
    assert.equal(await reload({ authorization: "Bearer sk-late" }), "401 key_expired");
    assert.equal(await reload({ authorization: "Bearer sk-away" }), "403 address_denied");
    for (const turn of [1, 2])
      assert.equal(await reload({ "x-api-key": "sk-admin" }), "200 reloaded", `turn ${turn}`);
    assert.equal(await reload({}, "?key=sk-admin"), "200 reloaded");
  });
});

test("unofferedModels lets pass what no upstream offers, and nothing under a prefix", async () => {
  const upstream = await startUpstream((_, res) => sendJson(res, 200, chatAnswer()));
  const gateway = await startGateway({
    upstreams: [{ provider: "openai", baseURL: upstream.url, key: "k", models: ["a", "b"], prefix: "/up" }],
    keys: [{ key: "sk-a", models: ["a"] }],
    plugins: [{ auth: { unofferedModels: true } }, { routing: { defaultModel: "a" } }],
  });
  const ask = async (model: string, prefix = "") => {
    const response = await fetch(`${gateway.url}${prefix}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sk-a" },
      body: JSON.stringify({ model, messages: [] }),
    });
    await response.text();
    return response.status;
  };
  try {
    assert.deepEqual(
      [await ask("a"), await ask("b"), await ask("c"), await ask("c", "/up")],
      [200, 403, 200, 403],
    );
  } finally {
    await gateway.close();
    await upstream.close();
  }
});
