import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArgs } from "citty";
import { UsageError } from "../../../core/cli/failure.ts";
import { readServeFlags, serveArgs } from "../../../core/cli/flags.ts";

const read = (...rawArgs: string[]) =>
  readServeFlags(parseArgs<typeof serveArgs>(rawArgs, serveArgs), rawArgs);

const plain = {
  presets: [],
  workers: 1,
  watch: true,
  tunnel: false,
  clipboard: false,
  open: false,
  qr: false,
  logLevel: "info",
};

test("without flags, the configuration decides", () => {
  assert.deepEqual(read(), plain);
});

test("every flag arrives", () => {
  const flags = read(
    "-c",
    "a.yaml",
    "--preset",
    "demo",
    "--preset",
    "x,y",
    "--port",
    "0",
    "--host",
    "::1",
    "--workers",
    "3",
    "--no-watch",
    "--tunnel",
    "--clipboard",
    "--open",
    "--qr",
    "--log-level",
    "debug",
    "--shutdown-timeout",
    "1m",
  );
  assert.deepEqual(flags, {
    config: "a.yaml",
    presets: ["demo", "x", "y"],
    port: 0,
    host: "::1",
    workers: 3,
    watch: false,
    tunnel: true,
    clipboard: true,
    open: true,
    qr: true,
    logLevel: "debug",
    shutdownTimeout: 60_000,
  });
  assert.equal(read("--shutdown-timeout", "1500").shutdownTimeout, 1500);
  assert.equal(read("--public").host, "");
});

test("any of the HTTPS flags asks for HTTPS", () => {
  assert.deepEqual(read("--https").https, {});
  assert.deepEqual(read("--https.domains", "a.test, 10.0.0.1").https, { domains: ["a.test", "10.0.0.1"] });
  assert.deepEqual(read("--https.cert", "c.pem", "--https.key", "k.pem").https, {
    cert: "c.pem",
    key: "k.pem",
  });
  assert.deepEqual(read("--https.validityDays", "7").https, { validityDays: 7 });
});

test("what makes no sense is refused", () => {
  const wrong: [string[], RegExp][] = [
    [["--port", "99999"], /^--port takes a whole number from 0 to 65535, found "99999"$/],
    [["--workers", "0"], /^--workers takes a whole number from 1/],
    [["--https.cert", "c.pem"], /^--https.cert and --https.key come together$/],
    [["--public", "--host", "127.0.0.1"], /leave out --host/],
    [["--shutdown-timeout", "soon"], /^--shutdown-timeout takes a duration such as .*found "soon"$/],
  ];
  for (const [rawArgs, message] of wrong) {
    assert.throws(
      () => read(...rawArgs),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  }
});
