import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { call, chat } from "./_call.ts";
import { onDeno, processTest, within } from "./_sluice.ts";

if (onDeno) {
  processTest("what Deno cannot give is refused with the way out", async ({ run }) => {
    const refusals: [string[], string][] = [
      [
        ["--https"],
        "--https with a generated certificate cannot be had on Deno: run sluice on Node, or give --https.cert and --https.key",
      ],
      [["--tunnel", "--qr"], "--tunnel and --qr cannot be had on Deno: run sluice on Node"],
    ];
    for (const [args, reason] of refusals) {
      assert.deepEqual(await run(...args), {
        status: 2,
        out: "",
        said: `sluice: ${reason}\nSee sluice --help.\n`,
      });
    }
  });
} else {
  processTest("--https serves with a certificate of its own making", async ({ start }) => {
    const sluice = await start("--https", "--https.validityDays", "3");
    assert.match(sluice.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.match(sluice.said(), /curl -k https:/);
    const answer = await call(`${sluice.url}/v1/chat/completions`, { body: chat("demo") });
    assert.equal(answer.status, 200);
    await assert.rejects(call(sluice.url.replace("https", "http")));
    sluice.signal("SIGTERM");
    assert.equal(await within("the end of the process", sluice.ended), 0);
  });
}

processTest("a certificate that is missing or no good is told of in one line", async ({ write, run }) => {
  await write({ "cert.pem": "no certificate\n", "key.pem": "no key\n" });
  const flags = (cert: string): string[] => ["--port", "0", "--https.cert", cert, "--https.key", "key.pem"];
  for (const [cert, reason] of [
    ["none.pem", /none\.pem/],
    ["cert.pem", /./],
  ] as const) {
    const { status, out, said } = await run(...flags(cert));
    assert.deepEqual([status, out], [1, ""]);
    assert.match(said, /^sluice: HTTPS cannot be served with this certificate: .+\n$/);
    assert.match(said, reason);
  }
});

const made = spawnSync("openssl", ["version"]).status === 0;
if (!made) console.log("not tested: HTTPS with a given certificate, which needs openssl");
else {
  processTest("a certificate that is given is used", async ({ folder, start }) => {
    const names = ["-subj", "/CN=sluice.test", "-keyout", "key.pem", "-out", "cert.pem"];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    spawnSync("openssl", ["req", "-x509", "-days", "2", ...key, ...names], { cwd: folder });
    const sluice = await start("--https.cert", "cert.pem", "--https.key", "key.pem");
    assert.equal((await call(`${sluice.url}/healthz`)).status, 200);
    assert.match(sluice.url, /^https:/);
    sluice.signal("SIGTERM");
    assert.equal(await within("the end of the process", sluice.ended), 0);
  });
}
