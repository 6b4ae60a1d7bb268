import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import OpenAI, { BadRequestError, PermissionDeniedError, RateLimitError, toFile } from "openai";
import type { Fields, Outcome } from "../../../../core/index.ts";
import { sendJson, startGateway, startUpstream, until } from "../../../_gateway.ts";
import type { SeenRequest, TestGateway, TestUpstream } from "../../../_gateway.ts";
import { recordingFetch } from "../../../sdk/_mock.ts";

/** Two services in OpenAI's shape: the first has all models, the second is there to be named. */
let first: TestUpstream;
let second: TestUpstream;
let gateway: TestGateway;
let outcomes: Outcome[] = [];
/** Those of the caller with a limit. */
const spent: Outcome[] = [];

const sound = new Uint8Array(70_000).map((_, i) => (i * 7) % 256);
const picture = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 255]);
const tokens = { type: "tokens", input_tokens: 14, output_tokens: 45, total_tokens: 59 };

const transcriptEvents = [
  { type: "transcript.text.delta", delta: "Grü" },
  { type: "transcript.text.delta", delta: "ße 🌍" },
  { type: "transcript.text.done", text: "Grüße 🌍", usage: tokens },
];

function answer(
  req: { url?: string; body: Buffer },
  res: Parameters<Parameters<typeof startUpstream>[0]>[1],
) {
  const path = (req.url ?? "").replace(/^\/v1/, "");
  if (path === "/audio/speech") {
    res.writeHead(200, { "content-type": "audio/mpeg" });
    return res.end(sound);
  }
  if (path.startsWith("/audio/") && req.body.includes('name="stream"')) {
    res.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of transcriptEvents) res.write(`data: ${JSON.stringify(event)}\n\n`);
    return res.end("data: [DONE]\n\n");
  }
  if (path.startsWith("/audio/")) return sendJson(res, 200, { text: "Grüße 🌍", usage: tokens });
  if (path.startsWith("/images/")) {
    const usage = { input_tokens: 50, output_tokens: 100, total_tokens: 150 };
    return sendJson(res, 200, { created: 1, data: [{ b64_json: "iVBORw==" }], usage });
  }
  if (path.endsWith("/content")) {
    res.writeHead(200, { "content-type": "application/octet-stream" });
    return res.end(sound);
  }
  if (path === "/files" || path === "/batches")
    return sendJson(res, 200, { object: "list", id: "1", data: [] });
  return sendJson(res, 200, { id: "1", object: "thing", usage: tokens });
}

before(async () => {
  [first, second] = await Promise.all([startUpstream(answer), startUpstream(answer)]);
  const models = ["gpt-4o-transcribe", { "tts-1-hd": "voice", "whisper-1": "ears", "gpt-image-1": "brush" }];
  gateway = await startGateway({
    keys: [
      { key: "sk-all", name: "all" },
      { key: "sk-star", name: "star", models: ["*"] },
      { key: "sk-some", name: "some", models: ["voice", "ears"] },
      { key: "sk-less", name: "less", models: ["*", "!brush"] },
      { key: "sk-poor", name: "poor", limits: ["400 tokens/min"] },
    ],
    upstreams: [
      { provider: "openai", name: "first", baseURL: `${first.url}/v1`, key: "uk-first", models },
      {
        provider: "openai",
        name: "second",
        baseURL: `${second.url}/v1`,
        key: "uk-second",
        models: ["other"],
      },
      { provider: "anthropic", baseURL: second.url, key: "uk-claude", models: ["claude"] },
    ],
    plugins: [{ retry: { attempts: 1 } }],
  });
  gateway.gateway.context.hooks.hook("call:finish", (call, outcome) => {
    if (call.caller?.name !== "poor") outcomes.push(outcome);
    else spent.push(outcome);
  });
});

after(async () => {
  await gateway.close();
  await Promise.all([first.close(), second.close()]);
});

beforeEach(() => {
  first.requests.length = 0;
  second.requests.length = 0;
  outcomes = [];
});

const client = (apiKey = "sk-all", options: object = {}): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0, ...options });
const recording = (): Promise<File> => toFile(sound, "Grüße.wav", { type: "audio/wav" });

function last({ requests }: TestUpstream): SeenRequest {
  const request = requests.at(-1);
  assert.ok(request, "no request came");
  return request;
}

async function formOf({ body, headers }: SeenRequest): Promise<FormData> {
  const type = { "content-type": headers["content-type"] ?? "" };
  return await new Response(new Uint8Array(body), { headers: type }).formData();
}

async function bytesOf(value: unknown): Promise<Uint8Array> {
  assert.ok(value instanceof Blob);
  return new Uint8Array(await value.arrayBuffer());
}

test("a transcription's form goes byte for byte to a model of the same name", async () => {
  const { fetch, sent } = recordingFetch();
  const made = await client("sk-all", { fetch }).audio.transcriptions.create({
    model: "gpt-4o-transcribe",
    file: await recording(),
  });
  assert.deepEqual(made, { text: "Grüße 🌍", usage: tokens });
  const { url, headers, body } = last(first);
  assert.equal(url, "/v1/audio/transcriptions");
  assert.equal(headers.authorization, "Bearer uk-first");
  assert.equal(headers["content-type"], sent.at(-1)?.headers["content-type"]);
  assert.ok(sent.at(-1)?.body.equals(body));
  await until(() => outcomes.length === 1);
  const { usage } = outcomes[0] ?? {};
  assert.deepEqual(usage, { inputTokens: 14, outputTokens: 45 });
});

test("in a form, a renamed model is renamed and everything else stays", async () => {
  await client().audio.translations.create({ model: "ears", file: await recording(), prompt: "Ä, 漢" });
  const seen = last(first);
  const form = await formOf(seen);
  assert.equal(seen.url, "/v1/audio/translations");
  assert.equal(seen.headers["content-length"], String(seen.body.length));
  assert.deepEqual([...form.keys()].sort(), ["file", "model", "prompt"]);
  assert.equal(form.get("model"), "whisper-1");
  assert.equal(form.get("prompt"), "Ä, 漢");
  const file = form.get("file");
  assert.ok(file instanceof File);
  assert.deepEqual([file.name, file.type], ["Grüße.wav", "audio/wav"]);
  assert.deepEqual(await bytesOf(file), sound);
});

test("a transcription streams, and tells its tokens", async () => {
  const stream = await client().audio.transcriptions.create({
    model: "ears",
    file: await recording(),
    stream: true,
  });
  const events: unknown[] = [];
  for await (const event of stream) events.push(event);
  assert.deepEqual(events, transcriptEvents);
  await until(() => outcomes.length === 1);
  assert.deepEqual(outcomes[0]?.usage, { inputTokens: 14, outputTokens: 45 });
});

test("pictures are edited, from a form or from JSON", async () => {
  const image = await toFile(picture, "fox.png", { type: "image/png" });
  const made = await client().images.edit({ model: "brush", image: [image, image], prompt: "a hat" });
  assert.equal(made.data?.[0]?.b64_json, "iVBORw==");
  const form = await formOf(last(first));
  assert.equal(form.get("model"), "gpt-image-1");
  for (const file of form.getAll("image[]")) assert.deepEqual(await bytesOf(file), picture);
  assert.equal(form.getAll("image[]").length, 2);
  await until(() => outcomes.length === 1);
  assert.deepEqual(outcomes[0]?.usage, { inputTokens: 50, outputTokens: 100 });

  const body = { model: "brush", prompt: "a hat", images: [{ file_id: "file-1" }] };
  await client().post("/images/edits", { body });
  assert.deepEqual(JSON.parse(last(first).body.toString()), { ...body, model: "gpt-image-1" });

  await client().images.createVariation({ model: "brush", image });
  assert.equal(last(first).url, "/v1/images/variations");
});

test("speech comes as the bytes that it is", async () => {
  const made = await client().audio.speech.create({ model: "voice", voice: "alloy", input: "Hello" });
  assert.equal(made.headers.get("content-type"), "audio/mpeg");
  assert.deepEqual(new Uint8Array(await made.arrayBuffer()), sound);
  const { model, input } = JSON.parse(last(first).body.toString()) as Fields;
  assert.deepEqual([model, input], ["tts-1-hd", "Hello"]);
});

test("files go to the first upstream and come back byte for byte", async () => {
  const { fetch, sent } = recordingFetch();
  const { files } = client("sk-all", { fetch });
  await files.create({ file: await toFile(sound, "a.jsonl"), purpose: "batch" });
  assert.ok(sent.at(-1)?.body.equals(last(first).body));
  assert.deepEqual(new Uint8Array(await (await files.content("file-1")).arrayBuffer()), sound);
  await files.list({ limit: 2 });
  await files.retrieve("file-1");
  await files.delete("file-1");
  assert.deepEqual(
    first.requests.map(({ method, url, headers }) => [method, url, headers.authorization]),
    [
      ["POST", "/v1/files", "Bearer uk-first"],
      ["GET", "/v1/files/file-1/content", "Bearer uk-first"],
      ["GET", "/v1/files?limit=2", "Bearer uk-first"],
      ["GET", "/v1/files/file-1", "Bearer uk-first"],
      ["DELETE", "/v1/files/file-1", "Bearer uk-first"],
    ],
  );
  assert.deepEqual(second.requests, []);
});

test("a caller names the upstream that keeps its things", async () => {
  const { batches, uploads, fineTuning, vectorStores } = client("sk-star", {
    defaultHeaders: { "x-sluice-upstream": "second" },
  });
  const endpoint = "/v1/chat/completions";
  await batches.create({ input_file_id: "file-1", endpoint, completion_window: "24h" });
  await batches.retrieve("batch_1");
  await batches.cancel("batch_1");
  await uploads.parts.create("upload_1", { data: await toFile(sound, "part") });
  await fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: "file-1" });
  await vectorStores.files.delete("file-1", { vector_store_id: "vs_1" });
  await client("sk-star", { defaultHeaders: { "x-sluice-upstream": "second" } }).post(
    "/realtime/client_secrets",
    { body: { session: { type: "realtime", model: "gpt-realtime" } } },
  );
  assert.deepEqual(
    second.requests.map(({ method, url }) => `${method} ${url}`),
    [
      "POST /v1/batches",
      "GET /v1/batches/batch_1",
      "POST /v1/batches/batch_1/cancel",
      "POST /v1/uploads/upload_1/parts",
      "POST /v1/fine_tuning/jobs",
      "DELETE /v1/vector_stores/vs_1/files/file-1",
      "POST /v1/realtime/client_secrets",
    ],
  );
  assert.deepEqual(first.requests, []);
  assert.deepEqual(
    second.requests.filter(({ headers }) => "x-sluice-upstream" in headers),
    [],
  );
  // What a thing of the account has used was counted when it was used.
  assert.deepEqual(
    outcomes.filter(({ usage }) => usage),
    [],
  );

  const nowhere = client("sk-all", { defaultHeaders: { "x-sluice-upstream": "third" } });
  await assert.rejects(nowhere.files.list(), { status: 404, code: "no_upstream" });
});

test("a caller of certain models reaches nothing of the account, and no model that it may not use", async () => {
  for (const key of ["sk-some", "sk-less"]) {
    const { files, batches, images } = client(key);
    const refused = { code: "model_not_allowed", status: 403 };
    await assert.rejects(files.list(), refused);
    await assert.rejects(files.create({ file: await recording(), purpose: "batch" }), PermissionDeniedError);
    await assert.rejects(batches.retrieve("batch_1"), refused);
    await assert.rejects(client(key).post("/realtime/client_secrets", { body: {} }), refused);
    const image = await toFile(picture, "fox.png", { type: "image/png" });
    await assert.rejects(images.edit({ model: "brush", image, prompt: "a hat" }), refused);
  }
  assert.deepEqual(first.requests, []);
  const explained = await gateway.gateway.explain({ path: "/v1/batches", key: "sk-some" });
  assert.equal(explained.refused?.code, "model_not_allowed");
  await client("sk-some").audio.transcriptions.create({ model: "ears", file: await recording() });
  assert.equal(first.requests.length, 1);
});

test("a form that could be read in two ways, or not at all, is refused", async () => {
  const headers = { authorization: "Bearer sk-some" };
  const send = async (body: BodyInit, more: object = {}): Promise<unknown[]> => {
    const url = `${gateway.url}/v1/audio/transcriptions`;
    const response = await fetch(url, { method: "POST", body, headers: { ...headers, ...more } });
    const { error } = (await response.json()) as { error: Fields };
    return [response.status, error["code"], error["param"]];
  };
  const twice = new FormData();
  twice.append("model", "gpt-4o-transcribe");
  twice.append("model", "ears");
  assert.deepEqual(await send(twice), [400, "invalid_request", "model"]);
  const hidden = new FormData();
  hidden.append("model", new Blob(["gpt-4o-transcribe"]), "model");
  hidden.append("model", "ears");
  assert.deepEqual(await send(hidden), [400, "invalid_request", "model"]);
  assert.deepEqual(await send(new FormData()), [400, "invalid_request", "model"]);
  assert.deepEqual(await send("model=ears", { "content-type": "application/x-www-form-urlencoded" }), [
    400,
    "invalid_request",
    null,
  ]);
  const broken = { "content-type": "multipart/form-data" };
  assert.deepEqual(await send("--x\r\nnothing", broken), [400, "invalid_request", null]);
  assert.deepEqual(first.requests, []);
});

test("limits on tokens count what a form's answer tells, and nothing for files", async () => {
  const { files, audio } = client("sk-poor");
  // Each would be reserved 256 tokens, were it taken for a call to a model.
  for (let i = 0; i < 3; i++) await files.create({ file: await recording(), purpose: "batch" });
  const file = await recording();
  // 256 are reserved, and 59 are used.
  for (let calls = 4; calls < 7; calls++) {
    await audio.transcriptions.create({ model: "ears", file });
    await until(() => spent.length === calls);
  }
  await assert.rejects(audio.transcriptions.create({ model: "ears", file }), RateLimitError);
  await files.delete("file-1");
});

test("a model is asked for where there is no default", async () => {
  const body = { input: "Hello", voice: "alloy" };
  await assert.rejects(client().post("/audio/speech", { body }), BadRequestError);
});

test("pictures and sound are not asked of a service that has none", async () => {
  const mismatch = { status: 501, code: "protocol_mismatch" };
  await assert.rejects(client().images.generate({ model: "claude", prompt: "a hat" }), mismatch);
  const file = await recording();
  await assert.rejects(client().audio.transcriptions.create({ model: "claude", file }), mismatch);
  assert.deepEqual(second.requests, []);
});
