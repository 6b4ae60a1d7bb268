import assert from "node:assert/strict";
import test from "node:test";
import {
  base64ToBytes,
  base64ToText,
  readDataURL,
  reasoningTextOf,
  textOfFile,
  toDataURL,
} from "../../core/index.ts";

test("a data URL with base64 is read as it is", () => {
  const url = toDataURL("image/png", "AAEC");
  assert.deepEqual(readDataURL(url), { mediaType: "image/png", data: "AAEC" });
  assert.deepEqual(readDataURL("data:text/plain;charset=utf-8;base64,aGk="), {
    mediaType: "text/plain",
    data: "aGk=",
  });
  assert.equal(readDataURL("https://example.com/data:,"), undefined);
});

test("a data URL without base64 holds percent-decoded bytes", () => {
  const text = (url: string): string => base64ToText(readDataURL(url)?.data ?? "");
  assert.equal(text("data:text/plain,Gr%C3%BCezi%20%F0%9F%A6%8A"), "Grüezi 🦊");
  assert.equal(text("data:text/plain;charset=utf-8,Grüezi,%20🦊"), "Grüezi, 🦊");
  assert.deepEqual(base64ToBytes(readDataURL("data:,%00%fF%e9")?.data ?? ""), Uint8Array.of(0, 255, 233));
  assert.deepEqual(readDataURL("data:,"), { mediaType: "application/octet-stream", data: "" });
});

test("a percent sign that codes nothing stands for itself", () => {
  const text = (rest: string): string => base64ToText(readDataURL(`data:,${rest}`)?.data ?? "");
  assert.deepEqual(["100%", "%zz%4", "%%41", "%+1", "% 1"].map(text), ["100%", "%zz%4", "%A", "%+1", "% 1"]);
});

test("the text of a file is told where it is text, and here", () => {
  const textOf = (mediaType: string): unknown => textOfFile({ file_data: toDataURL(mediaType, "aGk=") });
  assert.deepEqual(["text/markdown", "application/json", "application/pdf"].map(textOf), [
    "hi",
    "hi",
    undefined,
  ]);
  assert.equal(textOfFile({ file_url: "https://example.com/a.txt" }), undefined);
});

test("reasoning as text is what was said of it in whole, or its pieces", () => {
  const reasoning_details = [
    { type: "reasoning.text" as const, text: "a" },
    { type: "reasoning.encrypted" as const, data: "sealed" },
    { type: "reasoning.text" as const, text: "b", signature: "s" },
  ];
  assert.equal(reasoningTextOf({ role: "assistant", reasoning_details }), "ab");
  assert.equal(reasoningTextOf({ role: "assistant", reasoning_content: "c", reasoning_details }), "c");
  assert.equal(reasoningTextOf({ role: "assistant" }), "");
});
