import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { readRemote, showURL } from "../../config/remote.ts";
import { closeServer, listenOn } from "../_gateway.ts";
import { inFolder, pluginNames } from "./_folder.ts";

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

async function withServer(handler: Handler, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(handler);
  const url = await listenOn(server);
  try {
    await work(url);
  } finally {
    await closeServer(server);
  }
}

/** Serves texts by path. */
function texts(files: Record<string, string | Uint8Array>): Handler {
  return (req, res) => {
    const text = files[(req.url ?? "").split("?")[0] ?? ""];
    res.writeHead(text === undefined ? 404 : 200).end(text);
  };
}

test("a configuration comes from a URL, and extends others of its server, as YAML or JSON", async () => {
  const files = {
    "/team/gate.yaml": "extends: [../base.json, default]\naliases: { a: top }\n",
    "/base.json": '{ "aliases": { "a": "base", "b": "base" } /* JSON */ }',
  };
  await withServer(texts(files), async (url) => {
    await inFolder({ "sluice.yaml": `extends: ${url}/team/gate.yaml\n` }, async (folder) => {
      const file = `${url}/team/gate.yaml?token=sk-secret-in-a-query`;
      const loaded = await folder.load({ file });
      assert.deepEqual(loaded.config.aliases, { a: "top", b: "base" });
      assert.ok(pluginNames(loaded).includes("auth"));
      assert.deepEqual(loaded.urls, [file, `${url}/base.json`]);
      assert.equal(loaded.source, `${url}/team/gate.yaml?…`);
      assert.deepEqual(loaded.locate(["aliases", "b"])?.file, `${url}/base.json`);

      const extended = await folder.load();
      assert.deepEqual(extended.config.aliases, { a: "top", b: "base" });
      assert.equal(extended.source, "sluice.yaml");
    });
  });
});

test("user and password of the URL are sent, and shown nowhere", async () => {
  let seen: string | undefined;
  const handler: Handler = (req, res) => {
    seen = req.headers.authorization;
    res.end("servr: {}\n");
  };
  await withServer(handler, async (url) => {
    await inFolder({}, async (folder) => {
      const file = `${url.replace("//", "//me:p%C3%A4ss-of-mine@")}/a.yaml`;
      const mistakes = await folder.mistakes({ file });
      assert.equal(seen, `Basic ${Buffer.from("me:päss-of-mine").toString("base64")}`);
      assert.match(mistakes[0] ?? "", /^http:\/\/127\.0\.0\.1:\d+\/a\.yaml:1:1 servr: unknown key/);
      assert.doesNotMatch(mistakes.join(), /ss-of-mine/);
    });
  });
});

test("code is never taken from the network", async () => {
  const files = {
    "/a.yaml": "extends: []\nplugins: [./plugin.ts]\nupstreams: [{ provider: ./mine.ts }]\n",
    "/b.ts": "export default {};",
  };
  await withServer(texts(files), async (url) => {
    await inFolder({ "sluice.yaml": `extends: ["${url}/b.ts"]\n` }, async (folder) => {
      const refused = /^http.*\/a\.yaml:2:11 plugins\[0\]: .*code from the network, which is never run/m;
      const mistakes = (await folder.mistakes({ file: `${url}/a.yaml` })).join("\n");
      assert.match(mistakes, refused);
      assert.match(mistakes, /upstreams\[0\]\.provider: .*code from the network/);
      const modules = /code from the network; a YAML or JSON configuration: modules are read from files only/;
      assert.match((await folder.mistakes({ file: `${url}/b.ts` }))[0] ?? "", modules);
      assert.match(
        (await folder.mistakes())[0] ?? "",
        /^sluice\.yaml:1:11 extends\[0\]: code from the network/,
      );
    });
  });
});

test("a URL that answers with something else is told with what it answers", async () => {
  const handler: Handler = (req, res) => {
    if (req.url === "/latin.yaml") res.end(new Uint8Array([0x61, 0xe9]));
    else if (req.url === "/large.yaml") res.end(`#${"x".repeat(4 * 1024 * 1024)}`);
    else if (req.url === "/cut.yaml")
      res.writeHead(200, { "content-length": 100 }).write("server: {", () => res.destroy());
    else res.writeHead(503).end("not today");
  };
  await withServer(handler, async (url) => {
    await inFolder({}, async (folder) => {
      const of = async (path: string): Promise<string> =>
        (await folder.mistakes({ file: url + path }))[0] ?? "";
      assert.match(
        await of("/a.yaml"),
        /\/a\.yaml \(top\): an answer with status 503; a configuration in YAML/,
      );
      assert.match(await of("/latin.yaml"), /bytes that are not UTF-8/);
      assert.match(await of("/large.yaml"), /more than 4194304 bytes/);
      assert.match(await of("/cut.yaml"), /no answer \(/);
    });
  });
  await inFolder({}, async (folder) => {
    const [mistake] = await folder.mistakes({ file: "http://127.0.0.1:1/a.yaml" });
    assert.match(mistake ?? "", /^http:\/\/127\.0\.0\.1:1\/a\.yaml \(top\): no answer \(.+\); /);
  });
});

test("with a former text at hand only changes are asked for, by ETag or date", async () => {
  const asked: (string | undefined)[] = [];
  const date = "Tue, 01 Jul 2025 00:00:00 GMT";
  let text = "one";
  const handler: Handler = (req, res) => {
    asked.push(req.headers["if-none-match"] ?? req.headers["if-modified-since"]);
    const known = req.headers["if-none-match"] === `"${text}"` || req.headers["if-modified-since"] === date;
    if (known) res.writeHead(304).end();
    else if (req.url === "/date") res.setHeader("last-modified", date).end(text);
    else if (req.url === "/plain") res.end(text);
    else res.setHeader("etag", `"${text}"`).end(text);
  };
  await withServer(handler, async (url) => {
    for (const path of ["/etag", "/date", "/plain"]) {
      const first = await readRemote(url + path);
      if (first.failure !== undefined) assert.fail(first.failure);
      assert.equal(first.unchanged, false);
      const again = await readRemote(url + path, first);
      assert.deepEqual(again, { ...first, unchanged: true }, path);
    }
    assert.deepEqual(asked, [undefined, '"one"', undefined, date, undefined, undefined]);
    const former = { text: "one", etag: '"one"' };
    text = "two";
    const changed = await readRemote(`${url}/etag`, former);
    assert.deepEqual(changed, { text: "two", etag: '"two"', unchanged: false });
  });
});

test("a URL is shown without what it may hide", () => {
  assert.equal(showURL("https://me:secret@a.test/b?key=c#d"), "https://a.test/b?…");
  assert.equal(showURL("https://a.test/b"), "https://a.test/b");
});
