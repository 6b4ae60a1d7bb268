import assert from "node:assert/strict";
import test from "node:test";
import {
  fieldsAt,
  GatewayError,
  listAt,
  objectsAt,
  otherFields,
  ownExtensions,
  textAt,
} from "../../core/index.ts";

test("a protocol's own stands under its name, and nothing of it makes no member", () => {
  const { ownOf, asOwn } = ownExtensions("mine");
  assert.deepEqual(asOwn({ a: 1 }), { extensions: { mine: { a: 1 } } });
  assert.deepEqual(asOwn({}), {});
  assert.deepEqual(ownOf(asOwn({ a: 1 })), { a: 1 });
  assert.deepEqual(
    [ownOf({ extensions: { yours: { a: 1 } } }), ownOf({}), ownOf(undefined)],
    [undefined, undefined, undefined],
  );
});

test("other fields are those not named, without null", () => {
  assert.deepEqual(otherFields({ a: 1, b: 2, c: null, d: undefined, e: false }, new Set(["a"])), {
    b: 2,
    e: false,
  });
});

test("what is not of its type is refused by its name", () => {
  assert.deepEqual(
    [textAt("", "a"), fieldsAt({}, "a"), listAt([1], "a"), objectsAt([{}], "a")],
    ["", {}, [1], [{}]],
  );
  const refusal = (read: () => unknown): unknown => {
    try {
      return read();
    } catch (error) {
      assert(error instanceof GatewayError);
      return { status: error.status, message: error.message, param: error.param };
    }
  };
  const wanted = {
    textAt: "a string",
    fieldsAt: "an object",
    listAt: "a list",
    objectsAt: "a list of objects",
  };
  for (const [at, read] of Object.entries({ textAt, fieldsAt, listAt, objectsAt })) {
    assert.deepEqual(
      refusal(() => read(1, "a.b")),
      {
        status: 400,
        message: `a.b must be ${wanted[at as keyof typeof wanted]}.`,
        param: "a.b",
      },
    );
  }
  assert.throws(() => objectsAt([{}, 1], "a"), GatewayError);
});
