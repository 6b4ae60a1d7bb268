import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSchema } from "../../../../plugins/protocols/gemini/schema-decode.ts";
import { encodeSchema } from "../../../../plugins/protocols/gemini/schema-encode.ts";
import { toJsonSchema } from "../../../../plugins/protocols/gemini/schema-json.ts";
import { toOpenAPI } from "../../../../plugins/protocols/gemini/schema-openapi.ts";
import type { Fields } from "../../../../core/index.ts";

const object = (properties: Fields): Fields => ({ type: "object", properties });

/** What goes in OpenAPI's way with nothing lost. */
const exact: Record<string, [given: Fields, written: Fields]> = {
  "keywords that mean nothing to the service": [
    {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "x",
      additionalProperties: false,
      ...object({
        a: { type: "string", format: "uri", contentEncoding: "base64", minLength: 1, pattern: "^a" },
      }),
      required: ["a", "gone"],
    },
    { type: "OBJECT", properties: { a: { type: "STRING", minLength: "1", pattern: "^a" } }, required: ["a"] },
  ],
  "const, and null among values": [
    object({
      a: { const: "x" },
      b: { enum: ["x", null] },
      c: { type: ["string", "null"], description: "C" },
    }),
    {
      type: "OBJECT",
      properties: {
        a: { type: "STRING", enum: ["x"] },
        b: { type: "STRING", nullable: true, enum: ["x"] },
        c: { type: "STRING", description: "C", nullable: true },
      },
    },
  ],
  "one of several": [
    object({
      a: { oneOf: [{ type: "string" }, { type: "integer" }], title: "A" },
      b: { anyOf: [{ type: "number" }, { type: "null" }], default: null },
      c: { type: ["string", "integer"], description: "C" },
    }),
    {
      type: "OBJECT",
      properties: {
        a: { title: "A", anyOf: [{ type: "STRING" }, { type: "INTEGER" }] },
        b: { type: "NUMBER", default: null, nullable: true },
        c: { description: "C", anyOf: [{ type: "STRING" }, { type: "INTEGER" }] },
      },
    },
  ],
  bounds: [
    object({
      a: { type: "integer", exclusiveMinimum: 0, exclusiveMaximum: 10, format: "int32" },
      b: { type: "number", exclusiveMinimum: 0, maximum: 1 },
      c: { type: "array", items: { type: "boolean" }, minItems: 1, uniqueItems: true },
    }),
    {
      type: "OBJECT",
      properties: {
        a: { type: "INTEGER", format: "int32", minimum: 1, maximum: 9 },
        b: { type: "NUMBER", maximum: 1, minimum: 0 },
        c: { type: "ARRAY", items: { type: "BOOLEAN" }, minItems: "1" },
      },
    },
  ],
  references: [
    {
      ...object({
        home: { $ref: "#/$defs/address", description: "Where" },
        work: { $ref: "#/definitions/a~1b" },
      }),
      $defs: { address: object({ city: { $ref: "#/$defs/name" } }), name: { type: "string" } },
      definitions: { "a/b": { type: "string", format: "date-time" } },
    },
    {
      type: "OBJECT",
      properties: {
        home: { type: "OBJECT", properties: { city: { type: "STRING" } }, description: "Where" },
        work: { type: "STRING", format: "date-time" },
      },
    },
  ],
  "all of several": [
    {
      allOf: [{ $ref: "#/$defs/base" }, object({ b: { type: "string" } }), { required: ["b"] }],
      $defs: { base: { ...object({ a: { type: "string" } }), required: ["a"] } },
    },
    { type: "OBJECT", properties: { a: { type: "STRING" }, b: { type: "STRING" } }, required: ["a", "b"] },
  ],
};

for (const [name, [given, written]] of Object.entries(exact)) {
  test(`a schema in OpenAPI's way: ${name}`, () => {
    const before = structuredClone(given);
    const { schema, lossy } = toOpenAPI(given);
    // `$defs` themselves are no loss: what they hold stands where it is used.
    assert.deepEqual(JSON.parse(JSON.stringify(schema)), written);
    assert.equal(lossy, false);
    assert.deepEqual(given, before);
  });
}

/** What only JSON Schema says: older models get the nearest in OpenAPI's way. */
const lossy: Record<string, [given: Fields, json: Fields, openapi: Fields]> = {
  "a map": [
    { type: "object", additionalProperties: { type: "string", const: "x" } },
    { type: "object", additionalProperties: { type: "string", enum: ["x"] } },
    { type: "OBJECT" },
  ],
  "a map beside properties": [
    { ...object({ a: { type: "string" } }), additionalProperties: true },
    { ...object({ a: { type: "string" } }), additionalProperties: true },
    { type: "OBJECT", properties: { a: { type: "STRING" } } },
  ],
  "numbers as values": [
    object({ a: { enum: [1, 2], description: "A." } }),
    object({ a: { enum: [1, 2], description: "A." } }),
    { type: "OBJECT", properties: { a: { type: "INTEGER", description: "A. One of: 1, 2." } } },
  ],
  "a place for each item": [
    object({ a: { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }] } }),
    object({ a: { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }] } }),
    {
      type: "OBJECT",
      properties: { a: { type: "ARRAY", items: { anyOf: [{ type: "STRING" }, { type: "INTEGER" }] } } },
    },
  ],
  "anything at all": [
    object({ a: {}, b: true as unknown as Fields }),
    object({ a: {}, b: true as unknown as Fields }),
    { type: "OBJECT", properties: { a: { type: "STRING" }, b: { type: "STRING" } } },
  ],
  "a tree": [
    {
      $ref: "#/definitions/node",
      definitions: {
        node: {
          ...object({ children: { type: "array", items: { $ref: "#/definitions/node", title: "Child" } } }),
          not: {},
        },
      },
    },
    {
      $ref: "#/$defs/node",
      $defs: { node: object({ children: { type: "array", items: { $ref: "#/$defs/node" } } }) },
    },
    { type: "OBJECT", properties: { children: { type: "ARRAY", items: { type: "OBJECT" } } } },
  ],
};

for (const [name, [given, json, openapi]] of Object.entries(lossy)) {
  test(`a schema that only JSON Schema says: ${name}`, () => {
    assert.deepEqual(encodeSchema(given, "gemini-2.5-flash"), { jsonSchema: json });
    const { schema } = encodeSchema(given, "gemini-2.0-flash");
    assert.deepEqual(JSON.parse(JSON.stringify(schema)), openapi);
  });
}

test("references that go round in circles come to an end, however they do", () => {
  const self = (ref: Fields): Fields => ({
    $defs: { a: { type: "object", properties: { l: ref, r: ref }, ...ref } },
    ...ref,
  });
  const circles: Fields[] = [
    { $ref: "#" },
    self({ $ref: "#/$defs/a" }),
    self({ allOf: [{ $ref: "#/$defs/a" }] }),
    self({ anyOf: [{ $ref: "#/$defs/a" }, { type: "null" }] }),
    { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
    {
      allOf: [{ $ref: "#/$defs/a" }],
      $defs: { a: { allOf: [{ $ref: "#/$defs/b" }] }, b: { allOf: [{ $ref: "#/$defs/a" }] } },
    },
  ];
  for (const circle of circles) {
    assert.ok(JSON.stringify(toOpenAPI(circle).schema).length < 10_000);
    assert.ok(JSON.stringify(toJsonSchema(circle)).length < 10_000);
  }
});

test("references that double at each step do not grow without bounds", () => {
  const steps = Array.from({ length: 40 }, (_, i) => {
    const next = { $ref: `#/$defs/d${i + 1}` };
    return [`d${i}`, object({ a: next, b: next })];
  });
  const bomb = { $ref: "#/$defs/d0", $defs: { ...Object.fromEntries(steps), d40: { type: "string" } } };
  const { schema, lossy: lost } = toOpenAPI(bomb);
  assert.equal(lost, true);
  assert.ok(JSON.stringify(schema).length < 1_000_000);
});

test("a schema in OpenAPI's way is read as JSON Schema", () => {
  const given = {
    type: "OBJECT",
    nullable: true,
    properties: {
      a: { type: "STRING", format: "enum", enum: ["x"], nullable: true },
      b: { type: "ARRAY", items: { type: "NUMBER", format: "double" }, minItems: "2" },
      c: { anyOf: [{ type: "STRING" }, { type: "INTEGER" }], nullable: true },
      d: { type: "STRING", example: "e", default: "f" },
    },
    propertyOrdering: ["a", "b"],
  };
  assert.deepEqual(fromSchema(given), {
    type: ["object", "null"],
    properties: {
      a: { type: ["string", "null"], enum: ["x", null] },
      b: { type: "array", items: { type: "number", format: "double" }, minItems: 2 },
      c: { anyOf: [{ type: "string" }, { type: "integer" }, { type: "null" }] },
      d: { type: "string", examples: ["e"], default: "f" },
    },
    propertyOrdering: ["a", "b"],
  });
});
