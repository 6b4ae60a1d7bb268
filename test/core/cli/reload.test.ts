import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { call, chat } from "./_call.ts";
import { eventually, processTest, within } from "./_sluice.ts";

/** The demo's upstream, for whoever has one of the keys. */
const configWith = (...keys: string[]): string => `
upstreams: [{ name: demo, provider: demo, models: [demo] }]
keys: [${keys.join(", ")}, { key: sk-admin, role: admin }]
`;

async function statusFor(url: string, key: string): Promise<number> {
  return (await call(`${url}/v1/chat/completions`, { key, body: chat("demo") })).status;
}

processTest(
  "a changed file is taken over; one with mistakes is told of, and the old one runs on",
  async (bench) => {
    const { write, start, folder } = bench;
    await write({ "sluice.yaml": configWith("sk-one") });
    const { url, says, said, signal, ended } = await start();
    assert.deepEqual([await statusFor(url, "sk-one"), await statusFor(url, "sk-two")], [200, 401]);

    // As editors do it: a new file takes the old one's place.
    await write({ "new.yaml": configWith("sk-two") });
    await rename(join(folder, "new.yaml"), join(folder, "sluice.yaml"));
    await says(/The configuration was read again and is in use/);
    assert.deepEqual([await statusFor(url, "sk-one"), await statusFor(url, "sk-two")], [401, 200]);

    await write({ "sluice.yaml": `${configWith("sk-three")}server: { prt: 1 }\n` });
    await says(/mistakes; the old one runs on\.\n\s+sluice\.yaml:4:\d+ server\.prt: .*did you mean "port"/);
    assert.deepEqual([await statusFor(url, "sk-two"), await statusFor(url, "sk-three")], [200, 401]);

    await write({ "sluice.yaml": configWith("sk-three") });
    const reloads = (): number => said().match(/is in use/g)?.length ?? 0;
    // Its answers may be here before its word is.
    await eventually("the third configuration", () => reloads() >= 2);
    assert.equal(await statusFor(url, "sk-three"), 200);
    assert.equal(reloads(), 2, said());
    signal("SIGTERM");
    assert.equal(await within("the end of the process", ended), 0);
  },
);

processTest(
  "with --no-watch, only SIGHUP and POST /reload_config read it again",
  async ({ write, start }) => {
    await write({ "sluice.yaml": configWith("sk-one") });
    const { url, says, said, signal, ended } = await start("--no-watch");
    await write({ "sluice.yaml": configWith("sk-two") });
    // Longer than a watcher would need.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.deepEqual([await statusFor(url, "sk-one"), said().includes("in use")], [200, false]);
    signal("SIGHUP");
    await says(/is in use/);
    assert.deepEqual([await statusFor(url, "sk-one"), await statusFor(url, "sk-two")], [401, 200]);

    await write({ "sluice.yaml": "upstreams: 5\n" });
    signal("SIGHUP");
    await says(/the old one runs on\.\n\s+sluice\.yaml:1:12 upstreams: /);
    assert.equal(await statusFor(url, "sk-two"), 200);

    const reload = { key: "sk-admin", body: {} };
    const refused = await call(`${url}/reload_config`, reload);
    assert.equal(refused.status, 400);
    assert.match(refused.body, /"invalid_config".*"file":"sluice\.yaml"/);
    await write({ "sluice.yaml": configWith("sk-three") });
    assert.equal((await call(`${url}/reload_config`, { ...reload, key: "sk-two" })).status, 403);
    assert.equal((await call(`${url}/reload_config`, reload)).status, 200);
    assert.equal(await statusFor(url, "sk-three"), 200);
    signal("SIGTERM");
    assert.equal(await within("the end of the process", ended), 0);
  },
);
