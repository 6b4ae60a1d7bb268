import assert from "node:assert/strict";
import test from "node:test";
import {
  base64ToBytes,
  base64ToText,
  bytesToBase64,
  textToBase64,
  vectorToBase64,
  vectorToNumbers,
} from "../../core/index.ts";

test("bytes go both ways, of every length and value", () => {
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => 255 - (at % 256));
    const text = bytesToBase64(bytes);
    assert.equal(text, btoa(String.fromCharCode(...bytes)));
    assert.deepEqual(base64ToBytes(text), bytes);
  }
});

test("megabytes go both ways, a view of them too", () => {
  const all = Uint8Array.from({ length: 3 * 1024 * 1024 + 1 }, (_, at) => (at * 31) % 251);
  const view = all.subarray(7, all.length - 4);
  const text = bytesToBase64(view);
  assert.equal(text.length, Math.ceil(view.length / 3) * 4);
  assert.equal(text.indexOf("="), text.length - 1, "padding stands at the end alone");
  assert.deepEqual(base64ToBytes(text), view);
});

test("white space and missing padding are read, and what is no base64 throws", () => {
  assert.deepEqual(base64ToBytes(" aG\nVq\tbw "), base64ToBytes("aGVqbw=="));
  assert.equal(base64ToText("aGVqbw"), "hejo");
  for (const wrong of ["a", "aGVqbw=", "a-_b", "ä", "aG=Vq"])
    assert.throws(() => base64ToBytes(wrong), wrong);
});

test("text goes by its UTF-8", () => {
  for (const text of ["", "plain", "Grüezi 🦊", "\u0000"])
    assert.equal(base64ToText(textToBase64(text)), text);
  assert.equal(textToBase64("é"), "w6k=");
  assert.equal(base64ToText("6Q=="), "\uFFFD", "a byte that is no UTF-8");
});

test("a vector goes as little-endian float32, and stays what it is where it is that", () => {
  assert.equal(vectorToBase64([1, -2.5]), "AACAPwAAIMA=");
  assert.deepEqual(vectorToNumbers("AACAPwAAIMA="), [1, -2.5]);
  assert.deepEqual(vectorToNumbers("AACAPwAA"), [1], "half a number is left away");
  assert.deepEqual([vectorToBase64([]), vectorToNumbers("")], ["", []]);
  assert.equal(vectorToBase64("AACAPw=="), "AACAPw==");
  const numbers = [0.1];
  assert.equal(vectorToNumbers(numbers), numbers);
});
