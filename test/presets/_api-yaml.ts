import { readFile } from "node:fs/promises";
import { convertConfig } from "../../config/index.ts";
import { inFolder } from "../config/_folder.ts";
import type { Folder } from "../config/_folder.ts";
import { chatAnswer, sendJson, startGateway, startUpstream, until } from "../_gateway.ts";
import type { SeenRequest, TestGateway } from "../_gateway.ts";

/** A gateway on an `api.yaml`, with one server in the place of every upstream. */
export interface Started {
  folder: Folder;
  gateway: TestGateway;
  /** What upstreams were asked, in order. */
  requests: SeenRequest[];
  /** Hosts that answer with this status. */
  failing: Map<string, number>;
  /** Sends a chat. Yields the host that answered, or the status. */
  ask(model: string, key?: string, body?: object): Promise<string | number>;
  get(path: string, key?: string): Promise<Response>;
}

export interface Setup {
  env?: Record<string, string>;
  /** Runs what `convert-config` makes of the file. */
  converted?: boolean;
  files?: Record<string, string>;
  /** Answers in the place of the usual one, where it yields something. */
  answer?: (host: string, request: SeenRequest) => object | undefined;
}

/** An example from a project's own documentation, its keys made up. */
export function example(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), "utf8");
}

/** Every `https://host` becomes a path of this server: `http://127.0.0.1:1234/host`. */
export function redirected(text: string, url: string): string {
  return text.replace(/https:\/\/([\w.-]+)/g, `${url}/$1`);
}

/** Runs a test on an `api.yaml` that is found in the working directory by itself. */
export async function onAPIYaml(
  text: string,
  setup: Setup,
  work: (started: Started) => Promise<void>,
): Promise<void> {
  const failing = new Map<string, number>();
  const upstream = await startUpstream((req, res) => {
    const [, host = "", ...rest] = (req.url ?? "").split("/");
    const request = upstream.requests.at(-1) as SeenRequest;
    const status = failing.get(host);
    if (status !== undefined)
      return sendJson(res, status, { error: { message: "It fails.", type: "server_error" } });
    sendJson(res, 200, setup.answer?.(host, request) ?? answerOf(host, rest.join("/")));
  });
  const file = redirected(text, upstream.url);
  try {
    await inFolder({ "api.yaml": file, ...setup.files }, async (folder) => {
      const { env = {} } = setup;
      if (setup.converted) {
        const log = { debug() {}, info() {}, warn() {}, error() {} };
        const native = await convertConfig("api.yaml", { cwd: folder.path, env, log });
        await folder.write({ "sluice.yaml": native });
      }
      const config = { plugins: [{ "request-log": false }] };
      const gateway = await startGateway(await folder.load({ env, config }));
      try {
        await work({ folder, gateway, failing, requests: upstream.requests, ...clientOf(gateway) });
      } finally {
        await gateway.close();
      }
    });
  } finally {
    await upstream.close();
  }
}

function clientOf({ url, gateway }: TestGateway): Pick<Started, "ask" | "get"> {
  const headers = (key: string | undefined) => ({
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
  });
  return {
    async ask(model, key, body = {}) {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers(key) },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }], ...body }),
      });
      const answer = (await response.json()) as { choices?: [{ message: { content: string } }] };
      // What is counted or kept of a call, is so at its end: its client may have the answer before.
      await until(() => gateway.inFlight === 0);
      return answer.choices?.[0].message.content ?? response.status;
    },
    get: (path, key) => fetch(url + path, { headers: headers(key) }),
  };
}

/** An answer that says which host it is from, in the protocol of the path. */
function answerOf(host: string, path: string): object {
  if (path.endsWith("messages")) {
    const usage = { input_tokens: 1, output_tokens: 1 };
    const content = [{ type: "text", text: host }];
    return {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "m",
      content,
      stop_reason: "end_turn",
      usage,
    };
  }
  if (path.includes(":generateContent")) {
    const content = { role: "model", parts: [{ text: host }] };
    return {
      candidates: [{ content, finishReason: "STOP", index: 0 }],
      usageMetadata: { totalTokenCount: 2 },
    };
  }
  if (path.endsWith("models")) return { object: "list", data: [{ id: "listed-model", object: "model" }] };
  return chatAnswer(host);
}

/** Asks one after the other. */
export async function inTurn<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let i = 0; i < count; i++) answers.push(await ask());
  return answers;
}
