import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startGateway } from "../_gateway.ts";
import type { TestGateway } from "../_gateway.ts";
import { assertPassed, credential, plain } from "./_compare.ts";
import { callerKey, recordingFetch, startMock, upstreamKey } from "./_mock.ts";
import type { Mock } from "./_mock.ts";

let mock: Mock;
let gateway: TestGateway;

before(async () => {
  mock = await startMock();
  const service = mock.mock;
  service.onMessage("hello", { content: "Hello from the mock: ä, 漢, 🦊." });
  service.on(
    { userMessage: "weather" },
    { toolCalls: [{ name: "get_weather", arguments: { city: "Bern" }, id: "call_bern" }] },
  );
  service.on(
    { userMessage: "too long" },
    { error: { message: "Too long.", type: "INVALID_ARGUMENT" }, status: 400 },
  );
  service.onEmbedding("vector", { embedding: [0.25, -0.5, 0.125] });
  gateway = await startGateway({
    keys: [callerKey],
    upstreams: [
      {
        provider: "gemini",
        baseURL: mock.url,
        prefix: "/gemini",
        key: upstreamKey,
        models: ["gemini-2.5-flash", "gemini-embedding-001"],
      },
    ],
    plugins: [{ retry: { attempts: 1 } }],
  });
});

after(async () => {
  await gateway.close();
  await mock.close();
});

interface Case {
  name: string;
  path: string;
  body: object;
  status: number;
  /** Stands in the answer. */
  holds: string;
}

const models = "/v1beta/models/gemini-2.5-flash";
const says = (text: string): object => ({ contents: [{ role: "user", parts: [{ text }] }] });
const tools = [
  {
    functionDeclarations: [
      { name: "get_weather", parameters: { type: "OBJECT", properties: { city: { type: "STRING" } } } },
    ],
  },
];

const cases: Case[] = [
  {
    name: "generateContent",
    path: `${models}:generateContent`,
    body: says("hello"),
    status: 200,
    holds: "🦊",
  },
  {
    name: "streamGenerateContent",
    path: `${models}:streamGenerateContent?alt=sse`,
    body: says("hello"),
    status: 200,
    holds: "data: {",
  },
  {
    name: "functions",
    path: `${models}:generateContent`,
    body: { ...says("weather"), tools },
    status: 200,
    holds: '"functionCall"',
  },
  {
    name: "embedContent",
    path: "/v1beta/models/gemini-embedding-001:embedContent",
    body: { content: { parts: [{ text: "vector" }] } },
    status: 200,
    holds: "0.125",
  },
  {
    name: "a refusal",
    path: `${models}:generateContent`,
    body: says("too long"),
    status: 400,
    holds: "Too long.",
  },
];

type KeyPlace = "header" | "query";

/** Calls with the key where it was asked for; yields what came, read as JSON or as events of JSON. */
async function call(
  base: string,
  { path, body }: Case,
  key: string,
  place: KeyPlace,
  send: typeof fetch,
): Promise<{ status: number; type: string | null; text: string; data: unknown[] }> {
  const url = new URL(base + path);
  if (place === "query") url.searchParams.set("key", key);
  const headers = {
    "content-type": "application/json",
    ...(place === "header" && { "x-goog-api-key": key }),
  };
  const answer = await send(url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  const events = text.split("\n\n").filter((event) => event.trim() !== "");
  const data = events.map((event): unknown => JSON.parse(event.replace(/^data: /, "")));
  return { status: answer.status, type: answer.headers.get("content-type"), text, data };
}

for (const one of cases) {
  for (const route of ["", "/gemini"]) {
    for (const place of ["header", "query"] as const) {
      test(`${one.name} over ${route || "/"}, key in the ${place}: as from the service itself`, async () => {
        // The mock, as Gemini itself, is called with the key in the header.
        const directly = await call(mock.url, one, upstreamKey, "header", recordingFetch().fetch);
        const direct = mock.last();
        assert.equal(directly.status, one.status);
        assert.ok(directly.text.includes(one.holds));
        const { fetch, sent } = recordingFetch();
        const answer = await call(gateway.url + route, one, callerKey, place, fetch);
        assert.deepEqual(
          [answer.status, answer.type, plain(answer.data)],
          [directly.status, directly.type, plain(directly.data)],
        );
        const [request] = sent;
        assert.ok(request);
        assertPassed(request, mock.last(), direct, credential("x-goog-api-key"));
      });
    }
  }
}

test("a model that nobody offers is refused as Gemini refuses", async () => {
  const unknown: Case = {
    name: "",
    path: "/v1beta/models/gemini-0:generateContent",
    body: says("hello"),
    status: 404,
    holds: "",
  };
  const { status, data } = await call(gateway.url, unknown, callerKey, "header", fetch);
  assert.equal(status, 404);
  assert.deepEqual(data, [
    { error: { code: 404, message: "No upstream offers the model gemini-0.", status: "NOT_FOUND" } },
  ]);
});
