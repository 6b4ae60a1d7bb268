import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { chunksOf, GatewayError, sseFrames, textOfContent } from "../../../core/index.ts";
import { endpointFor } from "../../../core/translate/endpoint.ts";
import { context } from "../../plugins/protocols/_codec.ts";
import { wrongIn } from "../../matrix/shapes/validate.ts";
import { answer, request } from "./_arbitrary.ts";
import { aboutAnswer, codecOf, placeOf, protocolOf, readStream, sent, spoken, streamOf } from "./_wire.ts";
import type {
  AssistantMessage,
  ChatAnswer,
  ChatChunk,
  ChatMessage,
  ChatRequest,
  Fields,
} from "../../../core/index.ts";
import type { ShapeName } from "../../matrix/shapes/generate.ts";
import type { Spoken } from "./_wire.ts";

/** The same in each run: what is found once is found again. */
const seed = 20_261_121;
const runs = { seed, numRuns: 15 };
/** Of each protocol to each, its own too: a client's codec reads what an upstream's writes. */
const every = spoken.flatMap((client) => spoken.map((upstream) => [client, upstream] as const));

const shapes: Record<Spoken, ShapeName> = {
  "openai-chat": "OpenAIChat",
  "openai-responses": "OpenAIResponses",
  anthropic: "Anthropic",
  gemini: "Gemini",
  "bedrock-converse": "Converse",
  cohere: "CohereChat",
  ollama: "Ollama",
};

/** JSON, with nothing in it that JSON would leave out of a list or turn into null. */
function asJson(value: unknown, about: string): Fields {
  const look = (one: unknown, path: string): void => {
    if (Array.isArray(one)) {
      one.forEach((item, i) => {
        assert.notEqual(item, undefined, `${about}: ${path}[${i}] is undefined`);
        look(item, `${path}[${i}]`);
      });
    } else if (typeof one === "object" && one !== null) {
      for (const [key, item] of Object.entries(one)) look(item, `${path}.${key}`);
    } else {
      assert.ok(typeof one !== "number" || Number.isFinite(one), `${about}: ${path} is ${String(one)}`);
      assert.ok(
        !["function", "symbol", "bigint"].includes(typeof one),
        `${about}: ${path} is a ${typeof one}`,
      );
    }
  };
  look(value, "");
  return JSON.parse(JSON.stringify(value)) as Fields;
}

/** A request read as a client's of a protocol. */
async function received(name: Spoken, body: Fields): Promise<ChatRequest> {
  const endpoint = endpointFor(protocolOf(name), "chat", false) ?? assert.fail();
  const { path } = placeOf(name, "model-1", false);
  return codecOf(name).decodeRequest(body, context({ model: "model-1", endpoint, path }));
}

const textsOf = (messages: readonly ChatMessage[], role: string): string =>
  messages
    .filter((message) => message.role === role)
    .map(({ content }) => textOfContent(content))
    .join("");

/** Calls in their order, without their ids, which a protocol may not take. */
function callsIn(messages: readonly ChatMessage[]): unknown[] {
  return messages
    .flatMap((message) => (message.role === "assistant" ? (message.tool_calls ?? []) : []))
    .map((one) => (one.type === "function" ? [one.function.name, JSON.parse(one.function.arguments)] : one));
}

/** Which call each result answers, by its place. */
function answered(messages: readonly ChatMessage[]): number[] {
  const ids = messages
    .flatMap((message) => (message.role === "assistant" ? (message.tool_calls ?? []) : []))
    .map(({ id }) => id);
  return messages.flatMap((message) => (message.role === "tool" ? [ids.indexOf(message.tool_call_id)] : []));
}

function assertSaid(after: readonly ChatMessage[], before: readonly ChatMessage[], about: string): void {
  for (const role of ["system", "user", "assistant", "tool"]) {
    assert.equal(textsOf(after, role), textsOf(before, role), `${about}: what ${role} said`);
  }
  assert.deepEqual(callsIn(after), callsIn(before), `${about}: calls`);
  assert.deepEqual(answered(after), answered(before), `${about}: results`);
}

test("any conversation passes from any protocol to any other with its texts, calls and results", async () => {
  for (const [client, upstream] of every) {
    const about = `${client} → ${upstream}`;
    await fc.assert(
      fc.asyncProperty(request, async (asked) => {
        const frozen = structuredClone(asked);
        const wire = asJson(sent(client, asked, false).body, about);
        const neutral = await received(client, wire);
        assertSaid(neutral.messages, asked.messages, `${about}, read`);
        const body = asJson(sent(upstream, { ...neutral, model: "model-1" }, false).body, about);
        assertSaid((await received(upstream, body)).messages, asked.messages, about);
        assert.equal(
          wrongIn(shapes[upstream], body),
          undefined,
          `${about}: the body is not of the service's shape`,
        );
        assert.deepEqual(asked, frozen, "the request was changed");
      }),
      runs,
    );
  }
});

function messageOf({ choices }: ChatAnswer): AssistantMessage {
  return choices[0]?.message ?? assert.fail("no choice");
}

test("any answer passes from any protocol to any other with its text, calls, reason and usage", async () => {
  for (const [client, upstream] of every) {
    const about = `${client} ← ${upstream}`;
    await fc.assert(
      fc.asyncProperty(answer, async (given) => {
        const wire = asJson(await codecOf(upstream).encodeAnswer(given, aboutAnswer(upstream, false)), about);
        const neutral = codecOf(upstream).decodeAnswer(wire, aboutAnswer(upstream, false));
        const shown = asJson(await codecOf(client).encodeAnswer(neutral, aboutAnswer(client, false)), about);
        const whole = codecOf(client).decodeAnswer(shown, aboutAnswer(client, false));
        const streamed = readStream(client, streamOf(client, chunksOf(neutral)));
        assert.equal(streamed.complete, true, about);
        assert.ok(streamed.answer);
        for (const [how, seen] of [
          ["whole", whole],
          ["streamed", streamed.answer],
        ] as const) {
          assertSaid([messageOf(seen)], [messageOf(given)], `${about}, ${how}`);
          assert.equal(seen.choices[0]?.finish_reason, given.choices[0]?.finish_reason, `${about}, ${how}`);
          assert.equal(seen.usage?.prompt_tokens, 12, `${about}, ${how}`);
          assert.equal(seen.usage?.completion_tokens, 5, `${about}, ${how}`);
        }
      }),
      runs,
    );
  }
});

/** A change to a stream's bytes. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat(1000) }),
  fc.record({ kind: fc.constant("byte" as const), at: fc.nat(1000), value: fc.nat(255) }),
  fc.record({ kind: fc.constant("repeat" as const), at: fc.nat(1000), length: fc.nat(200) }),
  fc.record({ kind: fc.constant("drop" as const), at: fc.nat(1000), length: fc.nat(200) }),
  fc.record({ kind: fc.constant("word" as const), at: fc.nat(1000), value: fc.nat(9) }),
);
const words = ["null", "[]", "{}", '""', "1e999", "true", "-1", '"__proto__"', "[null]", "[[]]"];

/** `at` is in thousandths of the stream. */
function damaged(
  bytes: Uint8Array,
  change: typeof damage extends fc.Arbitrary<infer T> ? T : never,
): Uint8Array {
  const at = Math.floor((bytes.byteLength * change.at) / 1000);
  if (change.kind === "cut") return bytes.slice(0, at);
  if (change.kind === "byte") return Uint8Array.from(bytes, (byte, i) => (i === at ? change.value : byte));
  if (change.kind === "word") {
    // Another value in the place of one: the events stay JSON.
    const text = Buffer.from(bytes).toString("latin1");
    const found = /:("[^"\\]*"|-?\d+|true|false|null)/g;
    found.lastIndex = at;
    const hit = found.exec(text);
    if (!hit) return bytes;
    const tail = text.slice(hit.index + hit[0].length);
    return Buffer.from(`${text.slice(0, hit.index)}:${words[change.value] ?? "0"}${tail}`, "latin1");
  }
  const middle = bytes.slice(at, at + change.length);
  const rest = bytes.slice(change.kind === "drop" ? at + change.length : at);
  return Buffer.concat([bytes.slice(0, at), ...(change.kind === "repeat" ? [middle] : []), rest]);
}

/** What a decoder gives has the neutral shape, whatever it was given. */
function assertChunk({ choices, usage }: ChatChunk, about: string): void {
  const text = (value: unknown, what: string): void => {
    assert.ok(
      value === undefined || value === null || typeof value === "string",
      `${about}: ${what} ${String(value)}`,
    );
  };
  for (const { index, delta, finish_reason, native_finish_reason } of choices) {
    assert.ok(Number.isInteger(index) && index >= 0, `${about}: choice ${index}`);
    text(delta.content, "content");
    text(delta.reasoning_content, "reasoning_content");
    text(delta.refusal, "refusal");
    text(finish_reason, "finish_reason");
    text(native_finish_reason, "native_finish_reason");
    for (const one of delta.tool_calls ?? []) {
      assert.ok(Number.isInteger(one.index) && one.index >= 0, `${about}: call ${one.index}`);
      text(one.id, "id");
      text(one.function?.name, "name");
      text(one.function?.arguments, "arguments");
    }
    for (const one of delta.reasoning_details ?? []) {
      if (one.type === "reasoning.text") text(one.text, "reasoning text");
      if (one.type === "reasoning.text") text(one.signature, "signature");
      if (one.type === "reasoning.encrypted") text(one.data, "data");
    }
  }
  for (const value of usage ? [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens] : []) {
    assert.ok(typeof value === "number", `${about}: usage of ${String(value)}`);
  }
}

/** Reads a stream and writes it for a client, as the engine does. Throws what the engine would break the stream with. */
function translated(
  client: Spoken,
  upstream: Spoken,
  bytes: Uint8Array,
): { text: string; complete: boolean } {
  const decoder = codecOf(upstream).decodeStream(aboutAnswer(upstream, true));
  const encoder = codecOf(client).encodeStream(aboutAnswer(client, true));
  const frames = (protocolOf(upstream).frames ?? sseFrames)();
  let text = "";
  const half = bytes.byteLength >> 1;
  const events = [
    ...frames.push(bytes.subarray(0, half)),
    ...frames.push(bytes.subarray(half)),
    ...frames.end(),
  ];
  const write = (chunk: ChatChunk): void => {
    assertChunk(chunk, upstream);
    text += encoder.chunk(chunk);
  };
  for (const event of events) decoder.event(event).forEach(write);
  const { chunks, complete } = decoder.end();
  chunks.forEach(write);
  return { text: complete ? text + encoder.end() : text, complete };
}

test("a damaged stream ends as an error or as a stream that a client can read, in every pair", () => {
  for (const [client, upstream] of every) {
    const about = `${client} ← ${upstream}`;
    fc.assert(
      fc.property(answer, fc.array(damage, { minLength: 1, maxLength: 3 }), (given, changes) => {
        let bytes = streamOf(upstream, chunksOf(given));
        for (const change of changes) bytes = damaged(bytes, change);
        let out: { text: string; complete: boolean };
        try {
          out = translated(client, upstream, bytes);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          assert.ok(
            error instanceof GatewayError,
            `${about}: ${(error as Error).stack} of ${Buffer.from(bytes).toString()}`,
          );
          assert.ok(error.status >= 500 && error.status < 600, `${about}: ${error.status}`);
          const encoder = codecOf(client).encodeStream(aboutAnswer(client, true));
          assert.ok(encoder.error(error).length > 0, about);
          return;
        }
        if (!out.complete) return;
        const encoder = codecOf(client).encodeStream(aboutAnswer(client, true));
        const shown = encoder.toBytes?.(out.text) ?? Buffer.from(out.text);
        assert.equal(readStream(client, shown).complete, true, about);
      }),
      { ...runs, numRuns: 60 },
    );
  }
});

const values = [null, [], {}, "", Infinity, true, -1, "__proto__", [null], [[]]];

/** Other values in the places of some, wherever they stand. */
function spoiled(body: Fields, changes: readonly { at: number; value: number }[]): Fields {
  const copy = structuredClone(body);
  for (const { at, value } of changes) {
    const places: [Fields, string][] = [];
    const collect = (one: unknown): void => {
      if (typeof one !== "object" || one === null) return;
      for (const [key, item] of Object.entries(one)) {
        places.push([one as Fields, key]);
        collect(item);
      }
    };
    collect(copy);
    const [holder, key] = places[at % places.length] ?? [copy, "none"];
    holder[key] = structuredClone(values[value]);
  }
  return copy;
}
const spoiling = fc.array(fc.record({ at: fc.nat(1000), value: fc.nat(9) }), { minLength: 1, maxLength: 2 });

/** Runs what may refuse its input, and nothing else. */
async function refusing(work: () => Promise<unknown>, status: number, about: string): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof GatewayError, `${about}: ${(error as Error).stack}`);
    assert.equal(error.status, status, about);
  }
}

test("a request with wrong values in it is refused with 400, or understood", async () => {
  for (const client of spoken) {
    await fc.assert(
      fc.asyncProperty(request, spoiling, async (asked, changes) => {
        const body = spoiled(sent(client, asked, false).body, changes);
        const about = `${client}: ${JSON.stringify(body)}`;
        await refusing(() => received(client, body), 400, about);
      }),
      { ...runs, numRuns: 100 },
    );
  }
});

test("an answer with wrong values in it is a bad answer, or understood", async () => {
  for (const upstream of spoken) {
    await fc.assert(
      fc.asyncProperty(answer, spoiling, async (given, changes) => {
        const whole = await codecOf(upstream).encodeAnswer(given, aboutAnswer(upstream, false));
        const body = spoiled(whole, changes);
        const about = `${upstream}: ${JSON.stringify(body)}`;
        await refusing(
          async () => codecOf(upstream).decodeAnswer(body, aboutAnswer(upstream, false)),
          502,
          about,
        );
      }),
      { ...runs, numRuns: 100 },
    );
  }
});
