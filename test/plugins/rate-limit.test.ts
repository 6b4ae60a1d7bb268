import assert from "node:assert/strict";
import { after, test } from "node:test";
import { chatAnswer, sendJson, startGateway, startUpstream, type TestGateway } from "../_gateway.ts";

const upstream = await startUpstream((_req, res) => {
  sendJson(res, 200, chatAnswer(), {
    "x-ratelimit-limit-requests": "9999",
    "x-ratelimit-remaining-requests": "9998",
  });
});
after(() => upstream.close());

/** A gateway with limits before the upstream, for one test. */
async function withLimits(
  limits: object,
  config: object,
  run: (gateway: TestGateway) => Promise<void>,
): Promise<void> {
  upstream.requests.length = 0;
  const gateway = await startGateway({
    extends: [],
    server: { trustProxy: ["127.0.0.1"] },
    upstreams: [
      {
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        forwardURL: upstream.url,
        keys: ["sk-upstream"],
        models: ["gpt-4o", "gpt-4o-mini", "o1"],
        prefix: ["/openai", "/other"],
      },
    ],
    keys: [
      { key: "sk-a", name: "a" },
      { key: "sk-b", name: "b" },
    ],
    plugins: ["protocols/openai-chat", { auth: { anonymous: true } }, { "rate-limit": limits }, "routing"],
    ...config,
  });
  try {
    await run(gateway);
  } finally {
    await gateway.close();
  }
}

interface From {
  key?: string;
  ip?: string;
  model?: string;
  path?: string;
}

function call(
  url: string,
  { key = "sk-a", ip = "192.0.2.1", model = "gpt-4o", path = "/v1/chat/completions" }: From = {},
): Promise<Response> {
  const headers: Record<string, string> = { "content-type": "application/json", "x-forwarded-for": ip };
  if (key) headers["authorization"] = `Bearer ${key}`;
  return fetch(url + path, { method: "POST", headers, body: JSON.stringify({ model, messages: [] }) });
}

/** The statuses of calls made one after the other. */
async function statuses(url: string, calls: From[]): Promise<number[]> {
  const seen: number[] = [];
  for (const from of calls) {
    const response = await call(url, from);
    await response.arrayBuffer();
    seen.push(response.status);
  }
  return seen;
}

async function assertRefused(response: Response, what: string): Promise<void> {
  assert.equal(response.status, 429);
  const retryAfter = response.headers.get("retry-after") ?? "";
  assert.match(retryAfter, /^[1-9]\d*$/);
  const message = `Rate limit reached: ${what}. Try again in ${retryAfter} s.`;
  assert.deepEqual(await response.json(), {
    error: { message, type: "rate_limit_error", param: null, code: "rate_limit_exceeded" },
  });
}

test("of 1,000 calls at once under 100 a minute exactly 100 pass", async () => {
  const keys = [{ key: "sk-a", name: "a", limits: ["100/min"] }];
  await withLimits({}, { keys }, async ({ url }) => {
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 1000 }, () => call(url)));
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    const passed = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    assert.deepEqual([passed.length, refused.length], [100, 900]);
    assert.equal(upstream.requests.length, 100);
    // The last call came when so much of the minute of the first was over.
    const over = (performance.now() - began) / 1000;
    for (const { headers } of refused) {
      const seconds = Number(headers.get("retry-after"));
      assert.ok(seconds >= 58 - over && seconds <= 61, `retry-after ${seconds} after ${over} s`);
    }
  });
});

test("a refusal names the limit, and its headers tell the tightest window", async () => {
  const keys = [{ key: "sk-a", name: "a", limits: ["2/min; 50/hour"] }];
  await withLimits({}, { keys }, async ({ url }) => {
    const headersOf = ({ headers }: Response): Record<string, string> =>
      Object.fromEntries(
        [...headers].filter(([name]) => name.startsWith("x-ratelimit-") || name === "retry-after"),
      );
    const first = await call(url);
    const { "x-ratelimit-reset-requests": reset, ...rest } = headersOf(first);
    assert.deepEqual(rest, { "x-ratelimit-limit-requests": "2", "x-ratelimit-remaining-requests": "1" });
    assert.match(reset ?? "", /^(?:1m[01]s|59s)$/);
    await first.arrayBuffer();
    await (await call(url)).arrayBuffer();
    const refused = await call(url);
    const told = headersOf(refused);
    assert.deepEqual(
      [told["x-ratelimit-limit-requests"], told["x-ratelimit-remaining-requests"]],
      ["2", "0"],
    );
    assert.deepEqual(Object.keys(told).sort(), [
      "retry-after",
      "x-ratelimit-limit-requests",
      "x-ratelimit-remaining-requests",
      "x-ratelimit-reset-requests",
    ]);
    await assertRefused(refused, "2 requests per minute for key a");
  });
});

test("the headers can be left out; then the upstream's own are seen", async () => {
  await withLimits({ perKey: "1/min", headers: false }, {}, async ({ url }) => {
    const answer = await call(url);
    await answer.arrayBuffer();
    assert.equal(answer.headers.get("x-ratelimit-limit-requests"), "9999");
    const refused = await call(url);
    assert.equal(refused.headers.get("x-ratelimit-limit-requests"), null);
    await assertRefused(refused, "1 request per minute for key a");
  });
});

test("a call that one window refuses is charged to none", async () => {
  const limits = { global: "3/min", rules: [{ per: ["key"], keys: ["a"], limits: "1/min" }] };
  await withLimits(limits, {}, async ({ url }) => {
    const a = { key: "sk-a" };
    const b = { key: "sk-b" };
    assert.deepEqual(await statuses(url, [a, a, a, a, b, b, b]), [200, 429, 429, 429, 200, 200, 429]);
    await assertRefused(await call(url, b), "3 requests per minute for all callers");
  });
});

test("a key without limits of its own has the default, one with them has its own", async () => {
  const keys = [
    { key: "sk-a", name: "a" },
    { key: "sk-b", name: "b", limits: ["2/min"] },
    { key: "sk-c", name: "c", limits: ["none"] },
  ];
  await withLimits({ perKey: "1/min" }, { keys }, async ({ url }) => {
    assert.deepEqual(
      await statuses(
        url,
        Array.from({ length: 2 }, () => ({ key: "sk-a" })),
      ),
      [200, 429],
    );
    assert.deepEqual(
      await statuses(
        url,
        Array.from({ length: 3 }, () => ({ key: "sk-b" })),
      ),
      [200, 200, 429],
    );
    assert.deepEqual(
      await statuses(
        url,
        Array.from({ length: 4 }, () => ({ key: "sk-c" })),
      ),
      [200, 200, 200, 200],
    );
  });
});

test("calls without a key are counted by address where others are by key", async () => {
  await withLimits({ perKey: "1/min" }, {}, async ({ url }) => {
    const from = (ip: string): From => ({ key: "", ip });
    assert.deepEqual(
      await statuses(url, [from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.1")]),
      [200, 200, 429],
    );
    await assertRefused(await call(url, from("192.0.2.2")), "1 request per minute for address 192.0.2.2");
  });
});

test("each address has its own window, an IPv6 address shares that of its /64", async () => {
  await withLimits({ perIP: "1/min" }, {}, async ({ url }) => {
    const ips = [
      "192.0.2.1",
      "192.0.2.2",
      "::ffff:192.0.2.1",
      "2001:db8::1",
      "2001:db8::2",
      "2001:db8:0:1::1",
    ];
    const seen = await statuses(
      url,
      ips.map((ip) => ({ ip })),
    );
    assert.deepEqual(seen, [200, 200, 429, 200, 429, 200]);
    await assertRefused(
      await call(url, { ip: "2001:db8::3" }),
      "1 request per minute for address 2001:db8:0:0::/64",
    );
  });
});

test("each key has a window for each model, and the best entry counts", async () => {
  const perModel = { "*": "1/min", "gpt-*": "2/min", "gpt-4o-mini": "3/min" };
  await withLimits({ perModel }, {}, async ({ url }) => {
    const times = (count: number, from: From): From[] => Array.from({ length: count }, () => from);
    assert.deepEqual(await statuses(url, times(4, { model: "gpt-4o-mini" })), [200, 200, 200, 429]);
    assert.deepEqual(await statuses(url, times(2, { model: "o1" })), [200, 429]);
    assert.deepEqual(await statuses(url, times(2, { model: "o1", key: "sk-b" })), [200, 429]);
    await assertRefused(await call(url, { model: "o1" }), "1 request per minute for key a, model o1");
  });
  await withLimits({ perModel: { "*": "1/min" } }, { aliases: { small: "gpt-4o-mini" } }, async ({ url }) => {
    assert.deepEqual(
      await statuses(url, [{ model: "small" }, { model: "gpt-4o-mini" }, { model: "gpt-4o" }]),
      [200, 429, 200],
    );
  });
});

test("a rule on a model holds for the alias it is asked by and for the model that is meant", async () => {
  const aliases = { small: "gpt-4o-mini" };
  for (const models of [["small"], ["gpt-4o-mini"]]) {
    await withLimits({ rules: [{ models, limits: "1/min" }] }, { aliases }, async ({ url }) => {
      assert.deepEqual(
        await statuses(url, [{ model: "small" }, { model: "gpt-4o" }, { model: "small", key: "sk-b" }]),
        [200, 200, 429],
      );
    });
  }
});

test("rules by path, prefix and key", async () => {
  const rules = [
    { name: "files", paths: ["/openai/v1/files*"], per: ["ip", "key"], limits: "1/10 seconds" },
    { prefixes: ["/other"], per: ["prefix"], keys: ["a"], limits: "1/min" },
  ];
  await withLimits({ rules }, {}, async ({ url }) => {
    const files = (key: string, ip: string): From => ({ path: "/openai/v1/files", key, ip });
    const calls = [
      files("sk-a", "192.0.2.1"),
      files("sk-b", "192.0.2.1"),
      files("sk-a", "192.0.2.2"),
      files("sk-a", "192.0.2.1"),
    ];
    assert.deepEqual(await statuses(url, calls), [200, 200, 200, 429]);
    await assertRefused(
      await call(url, files("sk-b", "192.0.2.1")),
      "1 request per 10 seconds for address 192.0.2.1, key b (files)",
    );
    const other = (key: string, rest: string): From => ({ path: `/other/v1/${rest}`, key });
    assert.deepEqual(
      await statuses(url, [other("sk-a", "x"), other("sk-a", "y"), other("sk-b", "x"), other("sk-b", "x")]),
      [200, 429, 200, 200],
    );
    assert.deepEqual(
      await statuses(url, [{ path: "/openai/v1/other" }, { path: "/openai/v1/other" }]),
      [200, 200],
    );
    await assertRefused(await call(url, other("sk-a", "x")), "1 request per minute for prefix /other");
  });
});

test("two limits over one length of time count a call once", async () => {
  await withLimits({ perKey: ["3/min", "60/min"] }, {}, async ({ url }) => {
    assert.deepEqual(await statuses(url, [{}, {}, {}, {}]), [200, 200, 200, 429]);
  });
});

test("a sliding window refuses what a fixed one allows over its edge", async () => {
  const rules = [
    { paths: ["/openai/v1/fixed"], limits: "2/2s", strategy: "fixed" },
    { paths: ["/openai/v1/sliding"], limits: "2/2s" },
  ];
  await withLimits({ rules }, {}, async ({ url }) => {
    const fixed = { path: "/openai/v1/fixed" };
    const sliding = { path: "/openai/v1/sliding" };
    // The clock stands still on either side of the edge, however long the calls take.
    const { now } = Date;
    const edge = Math.ceil(now() / 2000) * 2000 + 2000;
    try {
      Date.now = () => edge - 400;
      assert.deepEqual(await statuses(url, [fixed, fixed, sliding, sliding]), [200, 200, 200, 200]);
      const refused = await call(url, fixed);
      assert.equal(refused.headers.get("retry-after"), "1");
      assert.equal(refused.headers.get("x-ratelimit-reset-requests"), "400ms");
      await assertRefused(refused, "2 requests per 2 seconds for all callers");
      Date.now = () => edge + 50;
      assert.deepEqual(await statuses(url, [fixed, fixed, sliding]), [200, 200, 429]);
    } finally {
      Date.now = now;
    }
  });
});

test("names that clients choose neither join counters nor grow them", async () => {
  const rules = [{ per: ["model", "prefix"], limits: "1/min" }];
  await withLimits({ rules }, {}, async ({ url }) => {
    const at = (model: string, prefix: string): From => ({ model, path: `${prefix}/v1/chat/completions` });
    assert.deepEqual(
      await statuses(url, [at("a", "/openai"), at("a", "/other"), at("a", "/openai")]),
      [200, 200, 429],
    );
    // The gateway's own API has no prefix: with separators in its name this model would be the first one's counter.
    assert.deepEqual(await statuses(url, [at("o1|/openai", ""), at("o1", "/openai")]), [404, 200]);
    assert.deepEqual(await statuses(url, [at("o1|", ""), at("o1", "")]), [404, 200]);
    const long = "m".repeat(5000);
    assert.deepEqual(await statuses(url, [at(long, "/openai"), at(`${long}x`, "/openai")]), [200, 429]);
    const { error } = (await (await call(url, at(long, "/openai"))).json()) as { error: { message: string } };
    assert.ok(error.message.length < 300);
  });
});

test("a refusal shows the window that refused, though another has less left", async () => {
  const rules = [
    { name: "long", keys: ["a"], limits: "4/hour" },
    { name: "short", limits: "3/10s", per: ["path"] },
  ];
  await withLimits({ rules }, {}, async ({ url }) => {
    assert.deepEqual(await statuses(url, [{}, {}, {}]), [200, 200, 200]);
    const refused = await call(url);
    assert.equal(refused.headers.get("x-ratelimit-limit-requests"), "3");
    await assertRefused(refused, "3 requests per 10 seconds for path /v1/chat/completions (short)");
    const elsewhere = await call(url, { path: "/openai/v1/chat/completions" });
    await elsewhere.arrayBuffer();
    assert.equal(elsewhere.headers.get("x-ratelimit-limit-requests"), "4");
    assert.equal(elsewhere.headers.get("x-ratelimit-remaining-requests"), "0");
  });
});

test("limits that cannot be read stop the start, with their path", async () => {
  const found = async (limits: object): Promise<string> => {
    const failure = await withLimits(limits, {}, async () => {}).then(
      () => new Error("it started"),
      (error: unknown) => error as Error,
    );
    return failure.message;
  };
  assert.match(
    await found({ global: "60/eon" }),
    /global: found "60\/eon", expected a limit such as "60\/min".*no unit of time "eon"/,
  );
  assert.match(await found({ rules: [{ limits: "60/min", per: ["planet"] }] }), /rules\[0\]\.per\[0\]/);
  assert.match(
    await found({ pace: [{ rate: "100 tokens/s" }] }),
    /pace\[0\]\.rate.*one rate such as "20\/second"/,
  );
  assert.match(await found({ perMinute: 5 }), /perMinute/);
});
