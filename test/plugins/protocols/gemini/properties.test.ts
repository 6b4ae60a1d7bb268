import { test } from "node:test";
import * as fc from "fast-check";
import { protocol } from "../../../../plugins/protocols/gemini/index.ts";
import { assertAnswerIdentity, assertRequestIdentity } from "../_codec.ts";
import type { Fields } from "../../../../core/index.ts";

const { chat } = protocol.codecs;

const text = fc.string({ minLength: 1, unit: "grapheme" });
const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);
const base64 = fc.base64String({ minLength: 4, maxLength: 8 });
const json = fc.jsonValue({ maxDepth: 2 }).map((value): unknown => JSON.parse(JSON.stringify(value)));
const object = fc.dictionary(name, json, { maxKeys: 3 });

/** An object with some of the members. */
function some(members: Record<string, fc.Arbitrary<unknown>>, required: string[] = []): fc.Arbitrary<Fields> {
  return fc.record(members, { requiredKeys: required }) as fc.Arbitrary<Fields>;
}

const media = fc.oneof(
  some(
    {
      inlineData: some(
        {
          mimeType: fc.constantFrom(
            "image/png",
            "audio/mp3",
            "audio/mpeg",
            "audio/L16;rate=24000",
            "application/pdf",
            "video/mp4",
          ),
          data: base64,
          displayName: text,
        },
        ["mimeType", "data"],
      ),
    },
    ["inlineData"],
  ),
  some(
    {
      fileData: some(
        {
          mimeType: fc.constantFrom("image/png", "video/mp4", "application/pdf"),
          fileUri: fc.constantFrom("gs://b/a.png", "https://a.example/a.png", "https://youtu.be/x"),
        },
        ["fileUri"],
      ),
    },
    ["fileData"],
  ),
);

const signed = { thoughtSignature: base64 };
const call = (id: fc.Arbitrary<string>) =>
  some({ functionCall: some({ name, args: object, id }, ["name", "args"]), ...signed }, ["functionCall"]);

const modelPart = (id: fc.Arbitrary<string>) =>
  fc.oneof(
    some({ text, ...signed, partMetadata: object }, ["text"]),
    some({ text: fc.constant(""), ...signed }, ["text", "thoughtSignature"]),
    some({ text, thought: fc.constant(true), ...signed }, ["text", "thought"]),
    call(id),
    some({ executableCode: object }, ["executableCode"]),
    media,
  );

const userPart = fc.oneof(some({ text, partMetadata: object }, ["text"]), media);

const response = fc.oneof(
  some({ output: json }, ["output"]),
  some({ error: json }, ["error"]),
  some({ result: text }, ["result"]),
  object,
);

/** A turn of the model with calls, and all their results in the next content. */
const round = fc
  .array(fc.record({ name, args: object, response, withId: fc.boolean(), ...signed }), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((calls) =>
    fc.tuple(fc.constant(calls), fc.array(userPart, { maxLength: 2 }), fc.string({ minLength: 1 })),
  )
  .map(([calls, more, ids]): Fields[] => {
    const id = (i: number, withId: boolean) => withId && { id: `${ids}-${i}` };
    return [
      {
        role: "model",
        parts: calls.map(({ name: called, args, withId, thoughtSignature }, i) => ({
          functionCall: { name: called, args, ...id(i, withId) },
          thoughtSignature,
        })),
      },
      {
        role: "user",
        parts: [
          ...calls.map(({ name: called, response: given, withId }, i) => ({
            functionResponse: { name: called, response: given, ...id(i, withId) },
          })),
          ...more,
        ],
      },
    ];
  });

const plainModelPart = modelPart(fc.constant("x")).filter((part) => !("functionCall" in part));
const contents = fc
  .array(
    fc.oneof(
      fc.array(userPart, { minLength: 1, maxLength: 3 }).map((parts): Fields[] => [{ role: "user", parts }]),
      fc
        .array(plainModelPart, { minLength: 1, maxLength: 4 })
        .map((parts): Fields[] => [{ role: "model", parts }]),
      round,
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((turns) => turns.flat());

const generationConfig = some({
  temperature: fc.double({ noNaN: true, min: 0.125, max: 2 }),
  topP: fc.constant(0.5),
  topK: fc.nat(),
  maxOutputTokens: fc.nat(),
  candidateCount: fc.constant(2),
  seed: fc.integer(),
  stopSequences: fc.array(text, { maxLength: 5 }),
  responseMimeType: fc.constantFrom("text/plain", "application/json", "text/x.enum"),
  responseSchema: object,
  responseModalities: fc.constantFrom(["TEXT"], ["TEXT", "IMAGE"], ["AUDIO"]),
  thinkingConfig: some({ thinkingBudget: fc.integer({ min: -1, max: 9000 }), includeThoughts: fc.boolean() }),
  imageConfig: object,
}).filter((config) => Object.keys(config).length > 0);

const tools = fc.array(
  fc.oneof(
    some({ googleSearch: object }, ["googleSearch"]),
    some(
      {
        functionDeclarations: fc.array(
          some({ name, description: text, parameters: object, parametersJsonSchema: object }, ["name"]),
          { minLength: 1, maxLength: 3 },
        ),
        codeExecution: object,
      },
      ["functionDeclarations"],
    ),
  ),
  { minLength: 1, maxLength: 3 },
);

const request = some(
  {
    contents,
    generationConfig,
    tools,
    systemInstruction: some({ parts: fc.array(userPart, { minLength: 1, maxLength: 2 }) }, ["parts"]),
    safetySettings: fc.constant([{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" }]),
    cachedContent: text,
  },
  ["contents"],
);

test("any request, read and written again, is the same", async () => {
  await fc.assert(
    fc.asyncProperty(request, (body) =>
      assertRequestIdentity(chat, JSON.parse(JSON.stringify(body)) as Fields),
    ),
    { numRuns: 300 },
  );
});

const candidate = some(
  {
    content: some(
      { parts: fc.array(modelPart(name), { minLength: 1, maxLength: 5 }), role: fc.constant("model") },
      ["parts", "role"],
    ),
    finishReason: fc.constantFrom("STOP", "MAX_TOKENS", "SAFETY", "OTHER", "MALFORMED_FUNCTION_CALL"),
    safetyRatings: fc.array(object, { maxLength: 1 }),
    finishMessage: text,
    avgLogprobs: fc.constant(-0.5),
  },
  ["finishReason"],
);

const answer = fc
  .record({
    candidates: fc.array(candidate, { minLength: 1, maxLength: 2 }),
    usageMetadata: some(
      { promptTokenCount: fc.nat(), candidatesTokenCount: fc.nat(), thoughtsTokenCount: fc.nat() },
      ["promptTokenCount"],
    ),
    responseId: text,
    modelVersion: text,
  })
  .map(({ candidates, ...rest }): Fields => ({
    candidates: candidates.map((one, index) => ({ ...one, index })),
    ...rest,
  }));

test("any answer, read and written again, is the same", async () => {
  await fc.assert(
    fc.asyncProperty(answer, (body) =>
      assertAnswerIdentity(chat, JSON.parse(JSON.stringify(body)) as Fields),
    ),
    { numRuns: 300 },
  );
});
