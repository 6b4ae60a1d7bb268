import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { closeServer, listenOn } from "../../_gateway.ts";
import { processTest } from "./_sluice.ts";

const team = JSON.stringify({
  upstreams: [
    {
      name: "up",
      provider: "openai",
      key: "sk-upstream-key-0001",
      models: ["gpt-4o"],
      prefix: "/up",
      forwardURL: "https://forward.test",
    },
    { name: "spare", provider: "openai", key: "sk-upstream-key-0002", models: ["gpt-4o"], priority: -1 },
  ],
  keys: [
    { key: "sk-team-key-0003", name: "team", models: ["gpt-4*"], limits: ["5/min"] },
    { key: "sk-office-key-0004", name: "office", allow: ["10.0.0.0/8"] },
  ],
  aliases: { "gpt-4": "gpt-4o" },
});

processTest("--help and --version go to standard output with status 0", async ({ run }) => {
  const help = await run("--help");
  assert.equal(help.status, 0);
  assert.equal(help.said, "");
  const commands = [...help.out.matchAll(/^ +(serve|check|explain|simulate|convert) /gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual(commands, ["serve", "check", "explain", "simulate", "convert"]);
  assert.match(help.out, /--port=<number>/);
  assert.ok(!help.out.includes("\u001b"), "colours outside of a terminal");
  assert.match((await run("help", "explain")).out, /^USAGE sluice explain /m);
  const { version } = JSON.parse(
    await readFile(new URL("../../../package.json", import.meta.url), "utf8"),
  ) as {
    version: string;
  };
  assert.deepEqual(await run("--version"), { status: 0, out: `${version}\n`, said: "" });
});

processTest("a wrong command line has status 2, and one line tells what is wrong", async ({ run }) => {
  const wrong: [string[], string, string?][] = [
    [["serv"], 'sluice: unknown command "serv"; did you mean "serve"?'],
    [["check", "--jsn"], 'sluice: unknown flag --jsn; did you mean "--json"?', "sluice check"],
    [["--port", "70000"], 'sluice: --port takes a whole number from 0 to 65535, found "70000"'],
    [
      ["explain", "-m", "a", "--ip", "b"],
      'sluice: --ip takes an address such as 10.1.2.3, found "b"',
      "sluice explain",
    ],
  ];
  const runs = await Promise.all(wrong.map(([args]) => run(...args)));
  for (const [index, [, line, help = "sluice"]] of wrong.entries()) {
    assert.deepEqual(runs[index], { status: 2, out: "", said: `${line}\nSee ${help} --help.\n` });
  }
});

processTest("a configuration with mistakes has status 1, and each mistake a line", async ({ write, run }) => {
  await write({ "bad.yaml": "server:\n  prt: 1\nupstreams:\n  - provider: openia\n" });
  const flags = ["--config", "bad.yaml"];
  for (const { status, out, said } of await Promise.all([run("check", ...flags), run(...flags)])) {
    assert.deepEqual([status, out], [1, ""]);
    const lines = said.trim().split("\n");
    assert.equal(lines.length, 2, said);
    assert.match(lines[0] ?? "", /^bad\.yaml:2:3 server\.prt: .*did you mean "port"/);
    assert.match(lines[1] ?? "", /^bad\.yaml:4:15 upstreams\[0\]\.provider: .*did you mean "openai"/);
  }
  const [noFile, noPreset] = await Promise.all([run("-c", "no.yaml"), run("--preset", "demmo")]);
  assert.match(noFile.said, /^no\.yaml.*no file/);
  assert.match(noPreset.said, /^--preset: found "demmo".*did you mean "demo"/);
});

processTest(
  "what is in the way of listening has status 1, and is said in one line",
  async ({ run, defer }) => {
    const other = createServer();
    const { port } = new URL(await listenOn(other));
    defer(() => closeServer(other));
    assert.deepEqual(await run("--port", port), {
      status: 1,
      out: "",
      said: `sluice: port ${port} on 127.0.0.1 is in use: stop what listens there, or choose another with --port\n`,
    });
    assert.deepEqual(await run("--host", "no such host", "--port", "0"), {
      status: 1,
      out: "",
      said: "sluice: cannot listen on no such host, port 0: no such host; see --host\n",
    });
  },
);

processTest("check tells what it understood, without secrets", async ({ write, run }) => {
  await write({ "sluice.json": team });
  const { status, out, said } = await run("check");
  assert.deepEqual([status, said], [0, ""]);
  assert.match(out, /^The configuration is in order: sluice\.json\.$/m);
  assert.match(out, /^ {2}up +openai +https:\/\/api\.openai\.com\/v1 +gpt-4o +\/up +sk-…0001 +0$/m);
  assert.match(out, /^ {2}team +sk-…0003 +user +gpt-4\* +5\/min/m);
  assert.match(out, /^ {2}gpt-4 +gpt-4o$/m);
  assert.match(out, /^ {2}limit +rate-limit$/m);
  const json = await run("check", "--json");
  const { upstreams, keys } = JSON.parse(json.out) as { upstreams: { name: string }[]; keys: object[] };
  assert.deepEqual([upstreams.map(({ name }) => name), keys.length], [["up", "spare"], 2]);
  for (const text of [out, json.out]) assert.doesNotMatch(text, /upstream-key|team-key|office-key/);
});

processTest("explain tells targets in order, or the refusal; both are status 0", async ({ write, run }) => {
  await write({ "sluice.json": team });
  const explain = async (...args: string[]): Promise<string> => {
    const { status, out, said } = await run("explain", ...args);
    assert.deepEqual([status, said], [0, ""]);
    return out;
  };
  const asked = ["--model", "gpt-4"];
  const office = ["--key", "sk-office-key-0004"];
  const inside = [...office, "--ip", "10.1.2.3"];
  const [allowed = "", refused = "", outside = "", admitted = "", forward = ""] = await Promise.all([
    explain(...asked, "--key", "sk-team-key-0003"),
    explain(...asked, "--key", "sk-wrong"),
    explain(...asked, ...office),
    explain(...asked, ...inside),
    explain("--path", "/up/v1/unheard-of", ...inside),
  ]);
  assert.match(allowed, /^A call \(chat\) for the model gpt-4 by team:\n {2}gpt-4 is an alias of gpt-4o\n/);
  assert.match(allowed, /^ {2}1 +up +openai +https:\/\/api\.openai\.com\/v1 +gpt-4o +sk-…0001 .*priority 0/m);
  assert.match(allowed, /^ {2}2 +spare .*sk-…0002 .*priority -1/m);
  assert.match(
    refused,
    /^A call \(chat\) for the model gpt-4 by nobody known:\nIt would be refused with status 401, /,
  );
  assert.match(outside, /without --ip, [^]*403, address_denied/);
  assert.match(admitted, /by office:[^]* 1 +up /);
  // A prefix leads to another base.
  assert.match(forward, /^A call \(forward\) by office:[^]* 1 +up +openai +https:\/\/forward\.test +sk-/);
});

processTest("convert reads openai-forward's chat log", async ({ folder, write, run }) => {
  await mkdir(join(folder, "Log/chat"), { recursive: true });
  const uid = "467a17ec-bf39-4b65-9ebd-e722b3bdd5c3";
  await write({
    "Log/chat/chat.log": `{'messages': [{'user': 'hi'}], 'model': 'gpt-4', 'forwarded-for': '', 'uid': '${uid}', 'datetime': '2023-07-18 14:01:21'}
{'assistant': 'Hello!', 'uid': '${uid}'}
no record
`,
  });
  assert.deepEqual(await run("convert"), {
    status: 0,
    out: "Log/chat.json: 1 call from 1 file; 1 line could not be read\n",
    said: 'Log/chat/chat.log:3: unexpected "n" (column 1)\n',
  });
  assert.deepEqual(JSON.parse(await readFile(join(folder, "Log/chat.json"), "utf8")), [
    {
      datetime: "2023-07-18 14:01:21",
      "forwarded-for": "",
      model: "gpt-4",
      messages: [{ user: "hi" }],
      assistant: "Hello!",
    },
  ]);
  const lost = await run("convert", "--log", "Log/chat", "--output", "nowhere/chat.json");
  assert.equal(lost.status, 1);
  assert.match(lost.said, /^sluice: nowhere\/chat\.json cannot be written \(ENOENT\)\.$/m);
});
