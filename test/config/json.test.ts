import assert from "node:assert/strict";
import { test } from "node:test";
import { inFolder } from "./_folder.ts";

test("JSON is read with comments, trailing commas, tabs and escapes", async () => {
  const text = `{
\t// who answers
\t"$schema": "./schema.json",
\t"upstreams": [
\t\t{ "provider": "openai", "baseURL": "http://a.test//v1", /* two slashes
\t\tare no comment in a text */ "models": ["a\\/b", "\\ud83d\\ude00", "\\"//x"], },
\t],
}`;
  await inFolder({ "sluice.json": text, "other.jsonc": text, "UPPER.JSON": text }, async (folder) => {
    for (const file of ["sluice.json", "other.jsonc", "UPPER.JSON"]) {
      const [upstream] = (await folder.load({ file })).config.upstreams;
      assert.equal(upstream?.baseURL, "http://a.test//v1", file);
      assert.deepEqual(upstream?.models, ["a/b", "😀", '"//x'], file);
    }
  });
});

test("a variable in JSON is what is wanted where it stands", async () => {
  const text = `{
  "server": { "port": "\${PORT}", "maxBody": "\${BODY:-64KiB}" },
  "upstreams": [{ "provider": "demo", "forwarded": "\${FORWARDED}", "key": "\${DIGITS}" }]
}`;
  const env = { PORT: "9000", FORWARDED: "false", DIGITS: "1234567890" };
  await inFolder({ "sluice.json": text }, async (folder) => {
    const { server, upstreams } = (await folder.load({ env })).config;
    assert.deepEqual(server, { port: 9000, maxBody: 65_536 });
    assert.equal(upstreams[0]?.forwarded, false);
    assert.deepEqual(upstreams[0]?.keys, ["1234567890"]);
    const [mistake] = await folder.mistakes({ env: { ...env, PORT: "many" } });
    assert.equal(mistake, 'sluice.json:2:23 server.port: "many"; a number');
  });
});

test("mistakes in JSON have their line, comments or not", async () => {
  const text = `/* one
two */ {
  "server": { "prt": 1 }, // three
  "server": {}
}`;
  await inFolder({ "sluice.json": text }, async (folder) => {
    const mistakes = await folder.mistakes();
    assert.match(
      mistakes[0] ?? "",
      /^sluice\.json:3:15 server\.prt: unknown key "prt"; .*did you mean "port"/,
    );
    assert.equal(mistakes[1], 'sluice.json:4:3 server: a second "server"; each key once');
  });
});

test("text that is no JSON is told as such", async () => {
  for (const text of ['{"server": {"port": 1}', '{"keys": ["a}', '{"keys" ["a"]}', "{]"]) {
    await inFolder({ "sluice.json": text }, async (folder) => {
      assert.match((await folder.mistakes())[0] ?? "", /^sluice\.json:1:\d+ \(top\): .*; /, text);
    });
  }
});
