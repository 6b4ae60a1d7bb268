import assert from "node:assert/strict";
import { test } from "node:test";
import {
  readKeyProtocol,
  readKeyQuery,
  requireAdmin,
  stripKeyProtocol,
  stripKeyQuery,
} from "../../core/index.ts";
import type { Caller } from "../../core/index.ts";

test("the key parameter goes from a query, all else stays byte for byte", () => {
  const cases: [string, string][] = [
    ["", ""],
    ["?", "?"],
    ["?key=K", ""],
    ["?key=", ""],
    ["?a=1&key=K&b=%20+%7e", "?a=1&b=%20+%7e"],
    ["?key=K&&b", "?&b"],
    ["?key=1&x=2&key=3", "?x=2"],
    ["?%6bey=K&a=1", "?a=1"],
    ["?%6B%65%79=K", ""],
    ["?monkey=1&keys=2&key&KEY=3&a=key=4", "?monkey=1&keys=2&key&KEY=3&a=key=4"],
    ["?%zz=1&a=%", "?%zz=1&a=%"],
  ];
  for (const [search, expected] of cases) assert.equal(stripKeyQuery(search), expected, search);
});

test("the key parameter is read decoded", () => {
  assert.deepEqual(readKeyQuery(""), []);
  assert.deepEqual(readKeyQuery("?a=1"), []);
  assert.deepEqual(readKeyQuery("?a=1&key=sk-%2Fx%2B+&%6bey=2"), ["sk-/x++", "2"]);
  assert.deepEqual(readKeyQuery("?key=%zz"), ["%zz"]);
});

test("what is read of a query is what is stripped of it", () => {
  for (const search of [
    "?key=SECRET",
    "?a&key=SECRET",
    "?%6Bey=SECRET&b",
    "?key=SECRET#",
    "?x=1&k%65y=SECRET",
  ]) {
    assert.equal(readKeyQuery(search).length, 1, search);
    assert.ok(!stripKeyQuery(search).includes("SECRET"), search);
  }
});

test("the key among WebSocket protocols", () => {
  const header = "realtime, openai-insecure-api-key.sk-1,openai-beta.realtime-v1";
  assert.deepEqual(readKeyProtocol(header), ["sk-1"]);
  assert.equal(stripKeyProtocol(header), "realtime, openai-beta.realtime-v1");
  assert.equal(stripKeyProtocol("openai-insecure-api-key.sk-1"), "");
  assert.equal(stripKeyProtocol("a,b"), "a,b");
});

test("only the role admin is an admin", () => {
  const caller = (role: string): Caller => ({
    name: "a",
    role,
    mayUseModel: () => true,
    mayUseAnyModel: true,
    mayUsePrefix: () => true,
    mayUseUpstream: () => true,
  });
  assert.equal(requireAdmin(caller("admin")).name, "a");
  assert.throws(() => requireAdmin(caller("user")), { status: 403, code: "admin_required" });
});
