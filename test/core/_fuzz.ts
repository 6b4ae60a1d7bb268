/** Numbers that look random and are the same for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, `below`; a whole number. */
  roll(below: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.roll(list.length)] as T;
  }
}

const chat = '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}';
const streamed = '{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}';

function post(path: string, auth: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: gateway\r\n${auth}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function get(line: string, headers: string): string {
  return `${line} HTTP/1.1\r\nHost: gateway\r\n${headers}\r\n`;
}

/** Requests of each kind as clients send them. */
function validRequests(key: string): string[] {
  const auth = `Authorization: Bearer ${key}\r\n`;
  const handshake = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;
  return [
    post("/v1/chat/completions", auth, chat),
    post("/v1/chat/completions", auth, streamed),
    post("/v1/messages", `x-api-key: ${key}\r\n`, chat),
    post("/v1beta/models/gpt-4o:generateContent", `x-goog-api-key: ${key}\r\n`, '{"contents":[]}'),
    post("/inside/v1/chat/completions", auth, chat),
    post("/inside/x%20y?q=1&r=%2F", auth, "a=b&c=d"),
    get("GET /inside/files/a.b-c~d;e?x=y", auth),
    get("DELETE /inside/files/1", auth),
    get("HEAD /inside/files/1", auth),
    get("GET /inside/socket", auth + handshake),
    get("GET /v1/models", auth),
    get("GET /healthz", ""),
    get("GET /readyz", ""),
    get("POST /reload_config", `${auth}Content-Length: 0\r\n`),
    `POST /inside/x HTTP/1.1\r\nHost: gateway\r\n${auth}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n`,
    `POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n${auth}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n${chat.length.toString(16)}\r\n${chat}\r\n0\r\n\r\n`,
  ];
}

const methods = ["PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PRI", "PROPFIND", "FOO", "get", "G\0T", ""];
const paths = [
  "/",
  "*",
  "/inside/../admin",
  "/inside/%2e%2e%2fadmin",
  "/inside//x",
  "//inside/x",
  "/inside/\\x",
  "/inside/%",
  "/inside/%zz?%",
  "http://evil.test/inside/x",
  "http://",
  "ftp://a/b",
  "evil.test:443",
  "/inside/\xff",
  `/inside/${"a/".repeat(3000)}`,
  "/v1beta/models/:generateContent",
  "/v1beta/models/%00:streamGenerateContent",
  "?",
  "/inside?#",
];
const headers = [
  "Content-Length: 0",
  "Content-Length: 7",
  "Content-Length: -1",
  "Content-Length: 1073741824",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Connection: close",
  "Connection: upgrade, authorization, host, content-length",
  "Upgrade: h2c",
  "Upgrade: websocket",
  "Expect: 100-continue",
  "Expect: x",
  "Host: a/b",
  "Host:",
  "Authorization: Basic ÿ",
  "Authorization:",
  "X-Forwarded-For: 1.2.3.4, x",
  "Via: 1.1 sluice, 1.1 sluice",
  "Content-Encoding: gzip",
  "Accept-Encoding: *;q=x",
  "Sec-WebSocket-Protocol: ,,\t,",
  "Range: bytes=-1",
  "__proto__: x",
  ": x",
  " x",
  "x",
];
const tokens = [
  "\0",
  "\r",
  "\n",
  "\r\n\r\n",
  "\xff",
  '"',
  "{",
  "[[[[",
  "\\u",
  "%",
  "1e999",
  "-1",
  "\t",
  "ffffffffffffffff",
  "0\r\n\r\n",
];

type Mutation = (text: string, dice: Dice) => string;

function splice(text: string, at: number, length: number, by: string): string {
  return text.slice(0, at) + by + text.slice(at + length);
}

function mutateLine(text: string, dice: Dice, change: (line: string) => string): string {
  const lines = text.split("\r\n");
  const at = dice.roll(lines.length);
  lines[at] = change(lines[at] ?? "");
  return lines.join("\r\n");
}

const mutations: Mutation[] = [
  (text, dice) => {
    const at = dice.roll(text.length);
    return splice(text, at, 1, String.fromCharCode(text.charCodeAt(at) ^ (1 << dice.roll(8))));
  },
  (text, dice) => splice(text, dice.roll(text.length), 1, String.fromCharCode(dice.roll(256))),
  (text, dice) => text.slice(0, dice.roll(text.length)),
  (text, dice) => splice(text, dice.roll(text.length), dice.roll(20), ""),
  (text, dice) => splice(text, dice.roll(text.length), 0, dice.pick(tokens)),
  (text, dice) => splice(text, dice.roll(text.length), 0, dice.pick(tokens).repeat(1 + dice.roll(2000))),
  (text, dice) => mutateLine(text, dice, (line) => `${line}\r\n${line}`),
  (text, dice) => mutateLine(text, dice, (line) => `${line}\r\n${dice.pick(headers)}`),
  (text, dice) =>
    mutateLine(text, dice, (line) => `${line}\r\n${`${dice.pick(headers)}\r\n`.repeat(dice.roll(400))}x: y`),
  (text, dice) =>
    mutateLine(text, dice, (line) => line.replace(":", () => dice.pick([" :", ":\t", "", "::", ":\r\n "]))),
  (text, dice) => mutateLine(text, dice, () => ""),
  (text, dice) => text.replace(/^\S*/, () => dice.pick(methods)),
  (text, dice) => text.replace(/^(\S*) \S*/, (_all, method: string) => `${method} ${dice.pick(paths)}`),
  (text, dice) =>
    text.replace(/HTTP\/1\.1/, () =>
      dice.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.10", "http/1.1", ""]),
    ),
  (text, dice) =>
    text.replace(
      /(Content-Length: )\d+/,
      (_all, name: string) =>
        name + dice.pick(["0", "1", "9999", "+5", "5, 5", "0x5", "1e1", "99999999999999999999"]),
    ),
  (text) => text.replaceAll("\r\n", "\n"),
  (text) => text.replaceAll("\r\n", "\r"),
  (text) => text + text,
  (text, dice) => text + text.slice(0, dice.roll(text.length)),
];

/** A request that was valid before one to four things happened to it; latin1. */
export function hostileRequest(dice: Dice, key: string): string {
  let text = dice.pick(validRequests(key));
  for (let left = 1 + dice.roll(4); left > 0; left--) text = dice.pick(mutations)(text || "\r\n", dice);
  return text;
}
