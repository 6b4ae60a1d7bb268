import assert from "node:assert/strict";
import { test } from "node:test";
import { inFolder } from "./_folder.ts";

/** A part of a configuration in JSON, and what its mistakes are, in short. */
type Case = [config: object, mistakes: string[]];

async function check(cases: readonly Case[]): Promise<void> {
  await inFolder({}, async (folder) => {
    for (const [part, mistakes] of cases) {
      const config = { extends: [], ...part };
      assert.deepEqual(
        await folder.mistakes({ file: false, config }),
        mistakes.map((one) => ` ${one}`),
      );
    }
  });
}

/** A valid upstream with something else in it. */
function upstream(more: object): object {
  return { upstreams: [{ provider: "demo", ...more }] };
}

const duration = 'a duration such as "500ms", "10s", "5m", "2h" or a number of ms';
const size = 'a size such as "64KB", "32MiB" or a number of bytes';

test("numbers, durations, sizes and choices", async () => {
  await check([
    [{ server: { port: "80" } }, ['server.port: "80"; a number (write it without quotes)']],
    [{ server: { port: 1.5 } }, ["server.port: 1.5; a whole number"]],
    [{ server: { port: -1 } }, ["server.port: -1; a port from 0 to 65535"]],
    [{ server: { port: NaN } }, ["server.port: NaN; a number"]],
    [{ server: { host: "" } }, ['server.host: ""; text that is not empty']],
    [{ server: { host: true } }, ["server.host: true; text (put it in quotes)"]],
    [{ server: { requestTimeout: "10 parsecs" } }, [`server.requestTimeout: "10 parsecs"; ${duration}`]],
    [{ server: { drainTimeout: -1 } }, ["server.drainTimeout: -1; at least 0"]],
    [{ server: { shutdownTimeout: Infinity } }, ["server.shutdownTimeout: Infinity; a finite number"]],
    [{ server: { timeouts: { total: [] } } }, [`server.timeouts.total: an empty list; ${duration}`]],
    [{ server: { maxBody: "32 MeB" } }, [`server.maxBody: "32 MeB"; ${size}`]],
    [
      { state: { driver: "rediss" } },
      ['state.driver: "rediss"; one of "memory", "fs", "redis" (did you mean "redis"?)'],
    ],
    [upstream({ forwarded: "yes" }), ['upstreams[0].forwarded: "yes"; true or false']],
    [
      upstream({ forwarded: "true" }),
      ['upstreams[0].forwarded: "true"; true or false (write it without quotes)'],
    ],
    [upstream({ weight: 0 }), ["upstreams[0].weight: 0; a number above 0"]],
  ]);
});

test("URLs, prefixes, headers, dates, addresses and limits", async () => {
  const url = "an http:// or https:// URL without a query and without credentials";
  const path = "a path such as /openai: from a slash on, without .., //, ?, #, % or a slash at its end";
  await check([
    [upstream({ baseURL: "api.test/v1" }), [`upstreams[0].baseURL: "api.test/v1"; ${url}`]],
    [upstream({ baseURL: "http://a.test/?a=b" }), [`upstreams[0].baseURL: "http://a.test/?a=b"; ${url}`]],
    [upstream({ forwardURL: "http://u:p@a.test" }), [`upstreams[0].forwardURL: "http://…@a.test"; ${url}`]],
    [upstream({ proxy: "socks5://a" }), ['upstreams[0].proxy: "socks5://a"; an http:// or https:// URL']],
    [upstream({ prefix: "openai" }), [`upstreams[0].prefix: "openai"; ${path}`]],
    [upstream({ prefix: ["/a", "/a/../b"] }), [`upstreams[0].prefix[1]: "/a/../b"; ${path}`]],
    [upstream({ prefix: ["/%2e%2e"] }), [`upstreams[0].prefix[0]: "/%2e%2e"; ${path}`]],
    [upstream({ headers: { "a b": "x" } }), ['upstreams[0].headers["a b"]: "a b"; a header\'s name']],
    [
      upstream({ headers: { a: "x\r\ny: z" } }),
      ['upstreams[0].headers.a: "x\\r\\ny: z"; a header\'s value: one line of Latin text'],
    ],
    [
      upstream({ keyHeader: { nam: "x" } }),
      [
        'upstreams[0].keyHeader.nam: unknown key "nam"; one of name, prefix (did you mean "name"?)',
        "upstreams[0].keyHeader.name: nothing; text",
      ],
    ],
    [
      { keys: [{ key: "sk-a", expires: "tomorrow" }] },
      ['keys[0].expires: "tomorrow"; a date such as 2027-01-01 or 2027-01-01T12:00:00Z'],
    ],
  ]);
  await inFolder({}, async (folder) => {
    const server = { trustProxy: ["10.0.0.0/33"] };
    const keys = [{ key: "sk-a", allow: ["10.0.0"], limits: ["60 an hour", "1/sec"] }];
    const mistakes = await folder.mistakes({ file: false, config: { extends: [], server, keys } });
    assert.match(mistakes[0] ?? "", /^ server\.trustProxy\[0\]: "10\.0\.0\.0\/33"; an? /);
    assert.match(mistakes[1] ?? "", /^ keys\[0\]\.allow\[0\]: "10\.0\.0"; an? /);
    assert.match(mistakes[2] ?? "", /^ keys\[0\]\.limits: "60 an hour"; a limit such as /);
  });
});

test("lists and maps in each other's place, and models", async () => {
  const model = "a model's name, or a map from the upstream's name to the offered name";
  await check([
    [{ server: [] }, ["server: an empty list; a map"]],
    [{ upstreams: { provider: "demo" } }, ["upstreams: a map; a list"]],
    [{ upstreams: ["demo"] }, ['upstreams[0]: "demo"; a map']],
    [{ upstreams: [{}] }, ["upstreams[0].provider: nothing; a provider's name"]],
    [{ keys: "sk-secret-of-mine" }, ['keys: "sk-…mine"; a list']],
    [{ keys: [{}] }, ["keys[0].key: nothing; text that callers send as their key"]],
    [upstream({ models: "gpt" }), ['upstreams[0].models: "gpt"; a list']],
    [upstream({ models: [5] }), [`upstreams[0].models[0]: 5; ${model}`]],
    [upstream({ models: [{ a: 5 }] }), ["upstreams[0].models[0].a: 5; text (put it in quotes)"]],
    [{ aliases: ["a"] }, ["aliases: a list; a map"]],
    [{ aliases: { a: "" } }, ['aliases.a: ""; text that is not empty']],
  ]);
});

test("things that must be unique, belong together, or end", async () => {
  await check([
    [
      {
        upstreams: [
          { provider: "demo", name: "a" },
          { provider: "demo", name: "a" },
        ],
      },
      ['upstreams[1].name: "a" a second time; a name that no other upstream has'],
    ],
    [
      { keys: ["sk-twice-the-same", { key: "sk-twice-the-same" }] },
      ['keys[1].key: "sk-…same" a second time; a key that is listed once'],
    ],
    [
      {
        keys: [
          { key: "sk-a", name: "n" },
          { key: "sk-b", name: "n" },
        ],
      },
      ['keys[1].name: "n" a second time; a name that no other key has'],
    ],
    [upstream({ key: "sk-a", keys: ["sk-b"] }), ["upstreams[0].key: both key and keys; one of them"]],
    [{ state: { driver: "fs" } }, ["state.path: nothing; a directory, as the driver is fs"]],
    [{ state: { driver: "redis" } }, ["state.url: nothing; a redis:// URL, as the driver is redis"]],
    [
      { aliases: { a: "b", b: "c", c: "b", d: "d", e: "m" } },
      [
        "aliases.b: a circle: b → c → b; an alias that ends at a model",
        "aliases.d: a circle: d → d; an alias that ends at a model",
      ],
    ],
    [
      {
        upstreams: [{ provider: "demo", name: "openai" }],
        keys: [{ key: "sk-a", upstreams: ["opnai", "*", "!openai"] }],
      },
      ['keys[0].upstreams[0]: "opnai"; the name of an upstream (did you mean "openai"?)'],
    ],
  ]);
});
