import { definePlugin, defineProvider } from "../../core/index.ts";

const greeting =
  "Hello! This is Sluice's demo upstream. It answers without a key and without a model, so that you can see a call go through. You said: ";

/** An upstream inside the gateway that speaks OpenAI's API: for trying things out without a key. */
const provider = defineProvider({
  name: "demo",
  baseURL: "http://demo.invalid/v1",
  protocols: { chat: "openai-chat", embeddings: "openai-chat", models: "openai-chat" },
  url({ path, target, search }) {
    return target.upstream.baseURL + path.replace(/^\/v1(?=\/)/, "") + search;
  },
  authenticate() {},
  async answer(request) {
    const path = new URL(request.url).pathname.replace(/^\/v1(\/v1)?/, "");
    if (request.method === "GET" && path === "/models") return Response.json(modelList());
    const body = (await request.json().catch(() => ({}))) as DemoRequest;
    if (request.method === "POST" && path === "/chat/completions") return chat(body);
    if (request.method === "POST" && path === "/embeddings") return Response.json(embeddings(body));
    const message = `The demo upstream has nothing at ${request.method} ${path}.`;
    return Response.json(
      { error: { message, type: "not_found_error", param: null, code: "unknown_path" } },
      { status: 404 },
    );
  },
});

export default definePlugin({ name: "providers/demo", setup: () => ({ provider }) });

interface DemoRequest {
  model?: string;
  messages?: { role?: string; content?: unknown }[];
  input?: string | string[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
}

function modelList(): object {
  const data = ["demo", "demo-embedding"].map((id) => ({
    id,
    object: "model",
    created: 0,
    owned_by: "demo",
  }));
  return { object: "list", data };
}

function chat(body: DemoRequest): Response {
  const said = body.messages?.findLast(({ role }) => role === "user")?.content;
  const prompt = typeof said === "string" ? said : JSON.stringify(said ?? "");
  const words = `${greeting}${prompt}`.split(/(?<= )/);
  const usage = usageOf(countWords(prompt), words.length);
  const head = {
    id: `chatcmpl-${crypto.randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: body.model ?? "demo",
  };
  if (!body.stream) {
    const message = { role: "assistant", content: words.join("") };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    const answer = JSON.stringify({ ...head, object: "chat.completion", choices, usage });
    return sized(answer);
  }
  const chunk = (choices: object[], rest: object = {}): string =>
    `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices, ...rest })}\n\n`;
  const events = [
    chunk([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]),
    ...words.map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])),
    chunk([{ index: 0, delta: {}, finish_reason: "stop" }]),
    ...(body.stream_options?.include_usage ? [chunk([], { usage })] : []),
    "data: [DONE]\n\n",
  ];
  return new Response(typed(events), {
    headers: { "content-type": "text/event-stream", "cache-control": "no-cache" },
  });
}

/** One event every few ms, so that a terminal shows a stream as a stream. */
function typed(events: readonly string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      if (at > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      const event = events[at++];
      if (event === undefined) controller.close();
      else controller.enqueue(encoder.encode(event));
    },
  });
}

/** Texts become vectors that are the same for the same text: eight numbers of a running hash. */
function embeddings(body: DemoRequest): object {
  const inputs = [body.input ?? ""].flat();
  const data = inputs.map((input, index) => ({
    object: "embedding",
    index,
    embedding: vector(String(input)),
  }));
  const tokens = inputs.reduce((sum, input) => sum + countWords(String(input)), 0);
  return {
    object: "list",
    data,
    model: body.model ?? "demo-embedding",
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function vector(text: string): number[] {
  const sums = Array.from({ length: 8 }, () => 1);
  for (let i = 0; i < text.length; i++) {
    sums[i % 8] = ((sums[i % 8] ?? 1) * 31 + text.charCodeAt(i)) % 65_521;
  }
  const length = Math.hypot(...sums);
  return sums.map((sum) => Number((sum / length).toFixed(6)));
}

function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

function usageOf(input: number, output: number): object {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

function sized(json: string): Response {
  const bytes = new TextEncoder().encode(json);
  const headers = { "content-type": "application/json", "content-length": String(bytes.byteLength) };
  return new Response(bytes, { headers });
}
