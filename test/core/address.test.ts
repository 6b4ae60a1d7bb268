import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { test } from "node:test";
import * as v from "valibot";
import { addressGroup, addressMatcher, addressRange } from "../../core/index.ts";

test("single addresses and ranges of both families", () => {
  const matches = addressMatcher(["192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "::1"]);
  for (const ip of ["192.0.2.7", "10.0.0.0", "10.255.255.255", "2001:db8::1", "2001:DB8:ffff::", "::1"]) {
    assert.equal(matches(ip), true, ip);
  }
  for (const ip of ["192.0.2.8", "11.0.0.0", "9.255.255.255", "2001:db9::", "::2", "::", "2001:db7:ffff::"]) {
    assert.equal(matches(ip), false, ip);
  }
});

test("an IPv4-mapped address is its IPv4 address, in lists and in calls", () => {
  assert.equal(addressMatcher(["10.0.0.0/8"])("::ffff:10.1.2.3"), true);
  assert.equal(addressMatcher(["10.0.0.0/8"])("::ffff:a01:203"), true);
  assert.equal(addressMatcher(["10.0.0.0/8"])("0:0:0:0:0:FFFF:11.1.2.3"), false);
  assert.equal(addressMatcher(["::ffff:10.0.0.0/104"])("10.9.9.9"), true);
  assert.equal(addressMatcher(["::ffff:1.2.3.4"])("1.2.3.4"), true);
});

test("ranges stay in their family", () => {
  assert.equal(addressMatcher(["0.0.0.0/0"])("1.2.3.4"), true);
  assert.equal(addressMatcher(["0.0.0.0/0"])("::1"), false);
  assert.equal(addressMatcher(["::/0"])("::1"), true);
  assert.equal(addressMatcher(["::/0"])("1.2.3.4"), false);
});

test("a zone does not count", () => {
  assert.equal(addressMatcher(["fe80::/10"])("fe80::1%eth0"), true);
  assert.equal(addressMatcher(["fe80::1%lo"])("fe80::1"), true);
});

test("what is no address is in no list", () => {
  const matches = addressMatcher(["0.0.0.0/0", "::/0"]);
  for (const ip of [
    "",
    "localhost",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4.5",
    "1:2:3",
    ":::",
    "1::2::3",
    "::g",
  ]) {
    assert.equal(matches(ip), false, ip);
  }
});

test("an empty list holds nothing", () => {
  assert.equal(addressMatcher([])("1.2.3.4"), false);
});

test("entries that are no range are told", () => {
  for (const entry of [
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "host",
    "",
    "1.2.3.4/1.5",
  ]) {
    assert.throws(() => addressMatcher(["::1", entry]), { name: "TypeError" }, entry);
    const [issue] = v.safeParse(addressRange, entry).issues ?? [];
    assert.match(issue?.message ?? "", /an address or a range such as "10\.0\.0\.1"/, entry);
  }
  assert.equal(v.parse(addressRange, "10.0.0.0/8"), "10.0.0.0/8");
});

test("reads the same addresses as node:net", () => {
  const spellings = [
    "::",
    "::1",
    "1::",
    "1::8",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7",
    ":1",
    "1:",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4:5:1.2.3.4",
    "::1.2.3.4",
    "1.2.3.4::",
    "::1.2.3",
    "12345::",
    "::1:2:3:4:5:6:7:8",
    "1::2:3:4:5:6:7",
    "0.0.0.0",
    "255.255.255.255",
    "1.2.3.",
    ".1.2.3.4",
    "1..2.3",
    "::ffff:1.2.3.4:5",
  ];
  for (const text of spellings) {
    assert.equal(v.safeParse(addressRange, text).success, isIP(text) !== 0, text);
  }
});

test("finds in ranges what node:net finds", () => {
  for (let bits = 0; bits <= 128; bits++) {
    const list = new BlockList();
    list.addSubnet("2001:db8:8000:8000:8000:8000:8000:8000", bits, "ipv6");
    const matches = addressMatcher([`2001:db8:8000:8000:8000:8000:8000:8000/${bits}`]);
    for (const ip of [
      "2001:db8:8000::",
      "2001:db8::",
      "2001:db8:8000:8000:8000:8000:8000:8001",
      "3001::",
      "ffff::",
      "::2",
    ]) {
      assert.equal(matches(ip), list.check(ip, "ipv6"), `${ip} in /${bits}`);
    }
  }
  for (let bits = 0; bits <= 32; bits++) {
    const list = new BlockList();
    list.addSubnet("200.100.50.25", bits, "ipv4");
    const matches = addressMatcher([`200.100.50.25/${bits}`]);
    for (const ip of [
      "200.100.50.25",
      "200.100.50.24",
      "200.100.51.25",
      "200.101.50.25",
      "201.100.50.25",
      "72.100.50.25",
    ]) {
      assert.equal(matches(ip), list.check(ip, "ipv4"), `${ip} in /${bits}`);
    }
  }
});

test("addresses are counted by what one host has", () => {
  assert.equal(addressGroup("1.2.3.4"), "1.2.3.4");
  assert.equal(addressGroup("::ffff:1.2.3.4"), "1.2.3.4");
  assert.equal(addressGroup("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  assert.equal(addressGroup("2001:db8:1:2::"), addressGroup("2001:db8:1:2:ffff::1%eth0"));
  assert.notEqual(addressGroup("2001:db8:1:2::"), addressGroup("2001:db8:1:3::"));
  assert.equal(addressGroup(""), "");
});
