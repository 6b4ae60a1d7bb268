import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";
import * as runtime from "#runtime";
import { isPublicAddress } from "../../../core/public-address.ts";
import { documentText } from "../../../core/translate/document.ts";
import { closeServer, listenOn } from "../../_gateway.ts";
import type { PublicFetch } from "../../../core/runtime/types.ts";

const local = (ip: string): boolean => ip === "127.0.0.1";
const options = (parts: Partial<PublicFetch> = {}): PublicFetch => ({
  isAllowed: local,
  maxSize: 1000,
  timeout: 30_000,
  signal: new AbortController().signal,
  ...parts,
});

/** What a fetch is refused with. */
async function refusal(url: string, parts?: Partial<PublicFetch>): Promise<string> {
  const error: unknown = await runtime.fetchPublic(url, options(parts)).then(
    () => assert.fail(`${url} was fetched`),
    (reason: unknown) => reason,
  );
  const { status, code, message } = error as { status: number; code: string; message: string };
  assert.deepEqual({ status, code }, { status: 400, code: "invalid_request" });
  return message;
}

async function withServer(
  handler: Parameters<typeof createServer>[1],
  work: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(handler as never);
  const url = await listenOn(server);
  try {
    await work(url);
  } finally {
    await closeServer(server);
  }
}

test("a file is fetched from an address that is allowed, over a redirect too", () =>
  withServer(
    (req, res) => {
      if (req.url === "/moved") res.writeHead(302, { location: "/dot.png" }).end();
      else res.writeHead(200, { "content-type": "Image/PNG; charset=x" }).end(Buffer.from([1, 2, 3]));
    },
    async (url) => {
      const expected = { mediaType: "image/png", bytes: Uint8Array.of(1, 2, 3) };
      const seen = async (path: string): Promise<object> => {
        const { mediaType, bytes } = await runtime.fetchPublic(url + path, options());
        return { mediaType, bytes: Uint8Array.from(bytes) };
      };
      assert.deepEqual(await seen("/dot.png"), expected);
      assert.deepEqual(await seen("/moved"), expected);
    },
  ));

test("an address that is not allowed gets no connection: as a number, as a name, behind a redirect", async () => {
  let asked = 0;
  await withServer(
    (req, res) => {
      asked++;
      res
        .writeHead(302, { location: `http://localhost:${new URL(`http://${req.headers.host}`).port}/` })
        .end();
    },
    async (url) => {
      const port = new URL(url).port;
      const none = { isAllowed: isPublicAddress };
      assert.match(await refusal(`http://127.0.0.1:${port}/`, none), /fetches no file from 127\.0\.0\.1/);
      assert.match(await refusal(`http://[::1]:${port}/`, none), /fetches no file/);
      assert.match(await refusal(`http://[::ffff:7f00:1]:${port}/`, none), /fetches no file/);
      assert.match(await refusal(`http://2130706433:${port}/`, none), /fetches no file/);
      assert.match(
        await refusal(`http://localhost:${port}/?token=secret`, none),
        /could not be fetched from localhost:\d+\.$/,
      );
      assert.equal(asked, 0);
      // The first hop is allowed, what it leads to is not.
      const first = { isAllowed: local };
      let lookups = 0;
      const onlyOnce = { isAllowed: (ip: string) => local(ip) && lookups++ === 0 };
      assert.match(await refusal(url, { ...first, ...onlyOnce }), /could not be fetched|fetches no file/);
      assert.equal(asked, 1);
    },
  );
});

test("other schemes, credentials in the URL, other statuses, too much and too slow are refused", () =>
  withServer(
    (req, res) => {
      if (req.url === "/large") res.writeHead(200).end(Buffer.alloc(1001));
      else if (req.url === "/missing") res.writeHead(404).end();
      else if (req.url === "/loop") res.writeHead(302, { location: "/loop" }).end();
      else setTimeout(() => res.destroy(), 3000).unref();
    },
    async (url) => {
      assert.match(await refusal("file:///etc/passwd"), /fetches no file/);
      assert.match(await refusal("ftp://127.0.0.1/x"), /fetches no file/);
      assert.match(await refusal("not a url"), /not valid/);
      assert.match(await refusal(url.replace("//", "//user:pw@")), /fetches no file/);
      assert.match(await refusal(`${url}/missing`), /status 404/);
      assert.match(await refusal(`${url}/large`), /larger than 1000 bytes/);
      assert.match(await refusal(`${url}/loop`), /redirects too often/);
      assert.match(await refusal(`${url}/slow`, { timeout: 100 }), /could not be fetched/);
    },
  ));

test("only addresses of the public internet are public", () => {
  const told = (list: string[]): string[] => list.filter(isPublicAddress);
  assert.deepEqual(told(["1.1.1.1", "93.184.216.34", "2606:4700::1111"]), [
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700::1111",
  ]);
  assert.deepEqual(
    told([
      "0.0.0.0",
      "10.1.2.3",
      "100.64.0.1",
      "127.0.0.1",
      "169.254.169.254",
      "172.16.0.1",
      "192.168.1.1",
      "224.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "::ffff:127.0.0.1",
      "fd00::1",
      "fe80::1",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "",
    ]),
    [],
  );
});

/** A PDF of one page with one line. */
function pdf(line: string): string {
  const stream = `BT /F1 24 Tf 72 720 Td (${line}) Tj ET`;
  return [
    "%PDF-1.4",
    "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj",
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj",
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj",
    `4 0 obj<</Length ${stream.length}>>stream\n${stream}\nendstream endobj`,
    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj",
    "trailer<</Root 1 0 R>>",
    "%%EOF",
  ].join("\n");
}

test("a document becomes its text", async () => {
  assert.equal(
    await documentText(`data:application/pdf;base64,${btoa(pdf("Hello from a page"))}`),
    "Hello from a page",
  );
  assert.equal(await documentText("data:text/plain;base64,SGVsbG8g8J+MjQ=="), "Hello 🌍");
  assert.equal(await documentText("data:text/markdown,%23%20Title"), "# Title");
  const refused = (url: string) =>
    documentText(url).then(
      () => "read",
      (error: unknown) => (error as { status: number }).status,
    );
  assert.equal(await refused("data:application/zip;base64,AAAA"), 400);
  assert.equal(await refused("data:application/pdf;base64,AAAA"), 400);
  assert.equal(await refused("https://example.com/x.pdf"), 400);
});
