import assert from "node:assert/strict";
import { test } from "node:test";
import auth from "../../plugins/auth/index.ts";
import { parseExpiry } from "../../plugins/auth/callers.ts";
import { Keyring } from "../../plugins/auth/keyring.ts";
import { keyProblems } from "../../plugins/auth/keys.ts";
import { ConfigError, type GatewayContext, type KeyConfig } from "../../core/index.ts";

const none = new Map<string, string>();

test("a key is found by nothing but itself", async () => {
  const key = "sk-0123456789abcdef";
  const ring = await Keyring.create([{ key, name: "a" }], none);
  const misses = [
    "",
    key.slice(0, -1),
    `${key}0`,
    `${key}\0`,
    ` ${key}`,
    key.toUpperCase(),
    key.replace("0", "1"),
    "a",
  ];
  for (const miss of misses) {
    assert.equal(await ring.verify(miss), undefined, miss);
    assert.equal(ring.known(miss), undefined, miss);
  }
  assert.equal((await ring.verify(key))?.name, "a");
});

test("a key is remembered once it was verified, and only then", async () => {
  const ring = await Keyring.create(
    [
      { key: "sk-a", name: "a" },
      { key: "sk-b", name: "b" },
    ],
    none,
  );
  assert.equal(ring.known("sk-a"), undefined);
  const caller = await ring.verify("sk-a");
  assert.ok(caller);
  assert.equal(ring.known("sk-a"), caller);
  assert.equal(await ring.verify("sk-a"), caller);
  assert.equal(ring.known("sk-b"), undefined);
});

test("every one of thousands of keys is found", async () => {
  const keys = Array.from({ length: 3000 }, (_, i) => ({ key: `sk-${i}`, name: `n${i}` }));
  const ring = await Keyring.create(keys, none);
  for (const { key, name } of keys) assert.equal((await ring.verify(key))?.name, name);
  assert.equal(await ring.verify("sk-3000"), undefined);
});

test("a caller's own key has one name in every process, which does not hold it", async () => {
  const [one, two] = [await Keyring.create([], none), await Keyring.create([{ key: "x" }], none)];
  const { name, ownKey } = await one.own("sk-own-key");
  assert.equal((await two.own("sk-own-key")).name, name);
  assert.notEqual((await one.own("sk-own-kez")).name, name);
  assert.equal(ownKey, true);
  assert.match(name, /^own:[0-9a-f]{16}$/);
  assert.equal(await one.own("sk-own-key"), await one.own("sk-own-key"));
});

test("own keys are not remembered without end", async () => {
  const ring = await Keyring.create([], none);
  const first = await ring.own("own-0");
  for (let i = 1; i <= 10_000; i++) await ring.own(`own-${i}`);
  const again = await ring.own("own-0");
  assert.notEqual(again, first, "still remembered");
  assert.equal(again.name, first.name);
  const long = "x".repeat(5000);
  assert.notEqual(await ring.own(long), await ring.own(long));
});

test("the end of a key: dates to the end of their day, times in UTC unless they say else", () => {
  assert.equal(parseExpiry("2027-01-31"), Date.UTC(2027, 1, 1));
  assert.equal(parseExpiry("2027-01-31T12:00:00Z"), Date.UTC(2027, 0, 31, 12));
  assert.equal(parseExpiry("2027-01-31T12:00"), Date.UTC(2027, 0, 31, 12));
  assert.equal(parseExpiry("2027-01-31 12:00:00"), Date.UTC(2027, 0, 31, 12));
  assert.equal(parseExpiry("2027-01-31T12:00:00+02:00"), Date.UTC(2027, 0, 31, 10));
  for (const text of ["tomorrow", "2027", "2027-13-01", "2027-01-31T25:00Z", "31.1.2027", ""]) {
    assert.equal(parseExpiry(text), undefined, text);
  }
});

test("every mistake in the keys is told with its path, and no key with it", () => {
  const keys: KeyConfig[] = [
    { key: "sk-secret-1", name: "a" },
    { key: "sk-secret-1", name: "a" },
    { key: "" },
    { key: "sk-sécret-2", name: "anonymous" },
    { key: "sk secret-3", name: "own:x" },
    {
      key: "sk-secret-4",
      expires: "soon",
      allow: ["10.0.0.0/8", "10/8"],
      deny: ["x"],
      limits: ["60/min", "9/eon"],
    },
  ];
  const problems = keyProblems(keys);
  assert.deepEqual(
    problems.map(({ path, found }) => [path.join("."), found]),
    [
      ["keys.1.key", 'the key of "a" again'],
      ["keys.1.name", '"a" again'],
      ["keys.2.key", "an empty key"],
      ["keys.3.key", "a key with blanks or non-ASCII letters"],
      ["keys.3.name", '"anonymous"'],
      ["keys.4.key", "a key with blanks or non-ASCII letters"],
      ["keys.4.name", '"own:x"'],
      ["keys.5.expires", '"soon"'],
      ["keys.5.allow.1", '"10/8"'],
      ["keys.5.deny.0", '"x"'],
      ["keys.5.limits", '"9/eon"'],
    ],
  );
  assert.ok(!JSON.stringify(problems).includes("cret-"));
  assert.deepEqual(
    keyProblems([{ key: "sk-1" }, { key: "sk-2", expires: "2027-01-01", limits: ["inf"] }]),
    [],
  );
});

test("a gateway does not start on such keys", async () => {
  const context = { keys: [{ key: "" }], aliases: {} } as unknown as GatewayContext;
  const options = {
    anonymous: false,
    passUnknownKeys: false,
    headers: [],
    queryKey: true,
    unofferedModels: false,
  };
  await assert.rejects(async () => auth.setup(options, context), ConfigError);
});
