import assert from "node:assert/strict";
import { deferTest } from "../_defer.ts";
import { until } from "../_gateway.ts";
import { startGatewayProcess } from "../_gateway-process.ts";
import { chunk, get, post, rawClient, startRawUpstream, unchunk } from "../_raw.ts";

const sse = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const event = chunk(`data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n`);

/** Deno before 2.9.6 never lets go of an upload that it cut at a stop; there the scene has none. */
const { Deno } = globalThis as { Deno?: { version: { deno: string } } };
const holdsUploads = Deno !== undefined && /^2\.(?:[0-8]\.|9\.[0-5]$)/.test(Deno.version.deno);

deferTest(
  "a gateway that is closed in the middle of everything leaves nothing that holds its process",
  async (defer) => {
    const answers: Record<string, string> = {
      "/whole": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole",
      "/chunked": `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk("half of it")}`,
      "/limited": "HTTP/1.1 429 X\r\nConnection: close\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n",
      "/left": sse + event,
      "/v1/chat/completions": sse + event,
    };
    const upstream = await startRawUpstream((asked) => {
      asked.send(answers[/^\w+ (\S+)/.exec(asked.text())?.[1] ?? ""] ?? "");
    });
    defer(upstream.close);
    const gateway = await startGatewayProcess({
      server: { onClientGone: "drain", drainTimeout: "10m" },
      upstreams: [
        { provider: "openai", baseURL: `${upstream.url}/v1`, key: "sk-up", models: ["gpt-4o"] },
        { provider: "generic", baseURL: upstream.url, prefix: "/p" },
      ],
      plugins: [{ retry: { maxRetryAfter: "1h" } }],
    });
    let closed = false;
    defer(async () => {
      if (!closed) await gateway.close();
    });

    const stream = rawClient(
      gateway.url,
      post("/v1/chat/completions", { model: "gpt-4o", stream: true, messages: [] }),
    );
    const chunked = rawClient(gateway.url, get("/p/chunked"));
    const waiting = rawClient(gateway.url, get("/p/waiting"));
    const limited = rawClient(gateway.url, get("/p/limited"));
    const half = "POST /p/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf";
    const upload = holdsUploads ? undefined : rawClient(gateway.url, half);
    // A server may wait for the rest of a request that it has answered.
    upload?.socket.once("data", () => setTimeout(() => upload.socket.destroy(), 100));
    const left = rawClient(gateway.url, get("/p/left"));
    await until(() => [stream, left].every((client) => client.text().includes("one")));
    await until(() => chunked.text().includes("half") && upstream.requests.length >= (upload ? 6 : 5));
    left.socket.destroy();
    // Last, as its connection to the upstream is kept for the next call.
    const kept = rawClient(gateway.url, get("/p/whole"));
    await until(() => kept.text().endsWith("whole"));

    closed = true;
    await gateway.close(60_000);
    const told = gateway.calls.map(({ path, status, result, error }) => [path, status, result, error]);
    assert.deepEqual(told.sort(), [
      ["/p/chunked", 200, "broken", "stopping"],
      ["/p/left", 499, "client-gone", undefined],
      ["/p/limited", 503, "complete", "stopping"],
      ...(upload ? [["/p/upload", 503, "complete", "stopping"]] : []),
      ["/p/waiting", 503, "complete", "stopping"],
      ["/p/whole", 200, "complete", undefined],
      ["/v1/chat/completions", 200, "broken", "stopping"],
    ]);
    assert.equal(unchunk(await stream.over).whole, false);
    assert.match(unchunk(await stream.over).body, /"code":"stopping"\}\}\n\n$/);
    assert.equal(unchunk(await chunked.over).whole, false);
    for (const client of [waiting, limited, ...(upload ? [upload] : [])])
      assert.match(await client.over, /^HTTP\/1\.1 503 [^]*"code":"stopping"/);
    await kept.over;
    await until(() => upstream.requests.every(({ closedAt }) => closedAt !== undefined));
    // Deno's server tells of the answers that it had to cut.
    assert.match(gateway.messages(), /^(server: The gateway is stopping\.\n)*$/);
  },
);
