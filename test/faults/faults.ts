import { chunk } from "../_raw.ts";
import type { RawRequest } from "../_raw.ts";

/** One way in which an upstream fails. */
export interface Fault {
  name: string;
  /** Nothing listens at its address. */
  refused?: boolean;
  /** The stream has begun at the client when it fails: no other target can help. */
  late?: boolean;
  /** Only streams can fail so. */
  streamOnly?: boolean;
  /** Only whole answers can. */
  wholeOnly?: boolean;
  /** It shows by a time-out only: those of its upstream are short then. */
  timeouts?: { firstByte?: string; silence: string };
  /** What a call gets that has no other target. */
  alone: string;
  /** @param begun resolves once the client has something of the answer */
  answer(request: RawRequest, stream: boolean, begun: Promise<void>): void;
}

const event = (content: string): string =>
  `data: ${JSON.stringify({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  })}\n\n`;

const whole = JSON.stringify({
  id: "c",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [
    { index: 0, message: { role: "assistant", content: "From the faulty one." }, finish_reason: "stop" },
  ],
});

function head(status: number, headers: Record<string, string | number>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join("")}\r\n`;
}

function refuse(status: number, code: string, headers: Record<string, string> = {}): Fault["answer"] {
  const body = JSON.stringify({ error: { message: `It says ${status}.`, type: "error", code } });
  const all = { "content-type": "application/json", "content-length": body.length, ...headers };
  return (request) => say(request, head(status, all) + body);
}

/** The whole answer of a connection. */
function say({ send, socket }: RawRequest, text: string): void {
  send(text);
  socket.end();
}

const chunked = { "content-type": "text/event-stream", "transfer-encoding": "chunked" };

/** Sends a byte now and then, for as long as there is somebody. */
function drip({ socket, send }: RawRequest, text: string): void {
  let at = 0;
  const timer = setInterval(() => send(text[at++ % text.length] ?? ""), 1000);
  socket.on("close", () => clearInterval(timer));
}

const short = { firstByte: "400ms", silence: "400ms" };

/** Every fault that a gateway is to stand. */
export const faults: readonly Fault[] = [
  { name: "connection refused", refused: true, alone: "502", answer: () => {} },
  { name: "connection reset", alone: "502", answer: ({ socket }) => void socket.resetAndDestroy() },
  { name: "black hole", timeouts: short, alone: "504", answer: () => {} },
  {
    name: "1 byte a second",
    timeouts: short,
    alone: "504",
    answer(request, stream) {
      if (stream) {
        request.send(head(200, chunked));
        drip(request, chunk(event("slow")));
      } else {
        request.send(head(200, { "content-type": "application/json", "content-length": whole.length }));
        drip(request, whole);
      }
    },
  },
  {
    name: "429 with Retry-After",
    alone: "429",
    answer: refuse(429, "rate_limit_exceeded", { "retry-after": "30" }),
  },
  { name: "429 without", alone: "429", answer: refuse(429, "rate_limit_exceeded") },
  { name: "500", alone: "500", answer: refuse(500, "server_error") },
  { name: "529", alone: "529", answer: refuse(529, "overloaded_error") },
  { name: "401", alone: "401", answer: refuse(401, "invalid_api_key") },
  { name: "quota used up", alone: "429", answer: refuse(429, "insufficient_quota") },
  {
    name: "wrong content type",
    alone: "502",
    answer: (request) =>
      say(request, `${head(200, { "content-type": "text/html", "content-length": 15 })}<p>Log in.</p>\n`),
  },
  {
    name: "truncated JSON",
    wholeOnly: true,
    alone: "502",
    answer: (request) =>
      say(
        request,
        head(200, { "content-type": "application/json", "content-length": 60 }) + whole.slice(0, 60),
      ),
  },
  {
    name: "cut before an event",
    streamOnly: true,
    alone: "502",
    answer({ socket, send }) {
      send(head(200, chunked) + chunk(event("cut").slice(0, 20)));
      setTimeout(() => socket.destroy(), 20);
    },
  },
  {
    name: "cut stream",
    streamOnly: true,
    late: true,
    alone: "error event",
    answer({ socket, send }, _stream, begun) {
      send(head(200, chunked) + chunk(event("begun")));
      void begun.then(() => socket.destroy());
    },
  },
  {
    name: "hung before an event",
    streamOnly: true,
    timeouts: short,
    alone: "504",
    answer: ({ send }) => send(head(200, chunked)),
  },
  {
    name: "hung stream",
    streamOnly: true,
    late: true,
    // The beginning may be late on a machine that stalls.
    timeouts: { silence: short.silence },
    alone: "error event",
    answer: ({ send }) => send(head(200, chunked) + chunk(event("begun"))),
  },
];

/** What a healthy upstream says. */
export function answerWell(request: RawRequest, stream: boolean): void {
  const said = whole.replace("the faulty one", "the healthy one");
  if (stream) {
    const end = event("healthy").replace('"finish_reason":null', '"finish_reason":"stop"');
    say(
      request,
      `${head(200, chunked)}${chunk(event("From the healthy one."))}${chunk(end)}${chunk("data: [DONE]\n\n")}${chunk("")}`,
    );
  } else {
    say(request, head(200, { "content-type": "application/json", "content-length": said.length }) + said);
  }
}
