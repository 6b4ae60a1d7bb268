import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chatAnswer, sendJson, startUpstream } from "../_gateway.ts";
import type { TestUpstream } from "../_gateway.ts";
import {
  filesOfPage,
  installPackage,
  layDown,
  linkPackage,
  ownMain,
  startHere,
  startProcess,
  typeErrors,
} from "./_readme.ts";
import type { Started } from "./_readme.ts";

const keys = {
  TEAM_KEY: "sk-team-0001",
  ADMIN_KEY: "sk-admin-0002",
  DEPLOYMENTS_KEY: "dk-deployments-0003",
  ORACLE_KEY: "ok-oracle-0004",
};

let deployments: TestUpstream;
let spare: TestUpstream;
let oracle: TestUpstream;

before(async () => {
  deployments = await startUpstream((_req, res) => sendJson(res, 200, chatAnswer("Deployed.")));
  spare = await startUpstream((_req, res) => sendJson(res, 200, chatAnswer("Spared.")));
  oracle = await startUpstream((req, res) => {
    const { question, stream } = JSON.parse(String(req.body)) as { question: string; stream?: boolean };
    const tokens = { in: 3, out: 4 };
    if (!stream) return sendJson(res, 200, { answer: `About ${question}: perhaps.`, tokens });
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(`data: ${JSON.stringify({ piece: "Per" })}\n\n`);
    if (question.includes("break")) return void setTimeout(() => res.destroy(), 20);
    res.end(`data: ${JSON.stringify({ piece: "haps" })}\n\ndata: ${JSON.stringify({ tokens })}\n\n`);
  });
});

after(async () => {
  await deployments.close();
  await spare.close();
  await oracle.close();
});

/** Lays the page's files out, starts a gateway from them, and checks what the page says of each. */
async function proves(start: (directory: string) => Promise<Started>): Promise<void> {
  const directory = await layDown({
    ...keys,
    DEPLOYMENTS_URL: deployments.url,
    SPARE_URL: spare.url,
    ORACLE_URL: oracle.url,
  });
  try {
    const gateway = await start(directory);
    try {
      await checkProvider(gateway.url);
      await checkMiddleware(gateway.url);
      await checkProtocol(gateway.url);
      await checkRoutes(gateway.url);
      await checkStrategyAndGate(gateway.url);
    } finally {
      await gateway.stop();
    }
    assert.match(gateway.told(), /word-guard: [1-9]\d* bytes were answered/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function ask(url: string, path: string, body: object, key = keys.TEAM_KEY): Promise<Response> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  return fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
}

function chat(content: string): object {
  return { model: "gpt-4o", messages: [{ role: "user", content }] };
}

async function checkProvider(url: string): Promise<void> {
  deployments.requests.length = 0;
  const body = chat("Hello");
  const answer = await ask(url, "/v1/chat/completions", body);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), chatAnswer("Deployed."));
  const [seen] = deployments.requests;
  assert.equal(seen?.url, "/deployments/gpt-4o/chat/completions?version=2026-11-01");
  assert.equal(seen?.headers["x-deployment-key"], keys.DEPLOYMENTS_KEY);
  assert.equal(String(seen?.body), JSON.stringify(body));
  assert.ok(!JSON.stringify(seen?.rawHeaders).includes(keys.TEAM_KEY));
}

async function checkMiddleware(url: string): Promise<void> {
  const passed = await ask(url, "/v1/chat/completions", chat("Hello"));
  assert.equal(passed.headers.get("x-word-guard"), "passed");
  await passed.text();
  deployments.requests.length = 0;
  const refused = await ask(url, "/v1/chat/completions", chat("Say SwordFish!"));
  assert.equal(refused.status, 400);
  assert.equal(refused.headers.get("x-word-guard"), null);
  assert.deepEqual(await refused.json(), {
    error: {
      message: "The word swordfish is not allowed here.",
      type: "invalid_request_error",
      param: null,
      code: "word_refused",
    },
  });
  assert.equal(deployments.requests.length, 0);
}

async function checkProtocol(url: string): Promise<void> {
  oracle.requests.length = 0;
  const whole = await ask(url, "/ask", { model: "oracle", question: "rain" });
  assert.deepEqual(await whole.json(), { answer: "About rain: perhaps.", tokens: { in: 3, out: 4 } });
  assert.equal(oracle.requests[0]?.url, "/ask");
  assert.equal(oracle.requests[0]?.headers.authorization, `Bearer ${keys.ORACLE_KEY}`);

  const streamed = await ask(url, "/ask", { model: "oracle", question: "rain", stream: true });
  const events = 'data: {"piece":"Per"}\n\ndata: {"piece":"haps"}\n\ndata: {"tokens":{"in":3,"out":4}}\n\n';
  assert.equal(await streamed.text(), events);

  const wrong = await ask(url, "/ask", { model: "oracle" });
  assert.deepEqual(
    [wrong.status, await wrong.json()],
    [400, { problem: "invalid_request", message: "A model and a question are needed." }],
  );
  const guarded = await ask(url, "/ask", { model: "oracle", question: "a swordfish?" });
  assert.deepEqual(await guarded.json(), {
    problem: "word_refused",
    message: "The word swordfish is not allowed here.",
  });
  const broken = await readAll(await ask(url, "/ask", { model: "oracle", question: "break", stream: true }));
  assert.match(
    broken.text,
    /^data: \{"piece":"Per"\}\n\n\n\ndata: \{"problem":"upstream_connection_lost",.*\n\n$/,
  );
}

/** What came before the connection was cut. */
async function readAll(response: Response): Promise<{ text: string }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const piece of response.body ?? []) text += decoder.decode(piece, { stream: true });
  } catch {
    // The cut itself.
  }
  return { text };
}

async function checkRoutes(url: string): Promise<void> {
  const get = (key?: string): Promise<Response> =>
    fetch(`${url}/usage`, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
  const admin = await get(keys.ADMIN_KEY);
  assert.equal(admin.status, 200);
  // Two chats of 22 tokens; the oracle's whole answer and its stream, 7 each; the broken stream: 0 in, 1 out or more.
  const { team, ...others } = (await admin.json()) as Record<string, number>;
  assert.ok(team !== undefined && team >= 59 && team < 70, `${team} tokens`);
  assert.deepEqual(others, {});
  const user = await get(keys.TEAM_KEY);
  assert.equal(user.status, 403);
  assert.equal(((await user.json()) as { error: { code: string } }).error.code, "admin_required");
  assert.equal((await get()).status, 401);
}

async function checkStrategyAndGate(url: string): Promise<void> {
  // The page's allowance is by the day: none may end in the middle.
  const left = 86_400_000 - (Date.now() % 86_400_000);
  if (left < 20_000) await new Promise((resolve) => setTimeout(resolve, left + 100));
  const said: string[] = [];
  for (let i = 0; i < 7; i++) {
    const answer = await ask(url, "/v1/chat/completions", { ...chat("Hello"), model: "gpt-4o-mini" });
    const { choices, error } = (await answer.json()) as {
      choices?: { message: { content: string } }[];
      error?: { code: string };
    };
    said.push(choices?.[0]?.message.content ?? `${answer.status} ${error?.code}`);
  }
  const turns = Array.from({ length: 3 }, () => ["Deployed.", "Spared."]).flat();
  assert.deepEqual(said, [...turns, "429 upstream_limit"]);
}

test("the page shows one plugin of each kind", () => {
  const names = [...filesOfPage().keys()].sort();
  assert.deepEqual(names, [
    "allowance.ts",
    "ask.ts",
    "deployments.ts",
    "sluice.yaml",
    "usage.ts",
    "word-guard.ts",
  ]);
});

test("its plugins work in process, where nothing is installed", () =>
  proves((directory) => startHere(join(directory, "sluice.yaml"))));

test("its plugins work from the command line, where nothing is installed", () =>
  proves((directory) => startProcess(ownMain(), directory)));

test("its plugins work beside a linked package", () =>
  proves(async (directory) => {
    await linkPackage(directory);
    return startProcess(ownMain(), directory);
  }));

test("its plugins work from the installed package", () =>
  proves(async (directory) => startProcess(await installPackage(directory), directory)));

test("its plugins are right by the installed package's types", async () => {
  const directory = await layDown({});
  await installPackage(directory);
  assert.equal(await typeErrors(directory), "");
  await rm(directory, { recursive: true });
});
