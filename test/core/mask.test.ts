import assert from "node:assert/strict";
import { test } from "node:test";
import { maskKeys, maskSecrets } from "../../core/mask.ts";

const cases: [name: string, text: string, masked: string][] = [
  ["a vendor's key", "Incorrect API key: sk-proj-abcdefghijklmnop1234ab12.", "Incorrect API key: sk-…ab12."],
  ["a short key shows no tail", "key sk-abc is wrong", "key sk-… is wrong"],
  ["an own key", "fk-0123456789abcdefgh", "fk-…efgh"],
  ["Bearer", "authorization: Bearer my-team-secret-0123", "authorization: Bearer my-…0123"],
  ["Basic", "Basic dXNlcjpwYXNzd29yZA==", "Basic …ZA=="],
  ["a query", "GET /v1beta/models?alt=sse&key=secret-value&x=1", "GET /v1beta/models?alt=sse&key=…&x=1"],
  ["a Google key in a query", "?key=AIzaSyA1234567890abcdefghijklmnopqrstuv", "?key=…stuv"],
  ["JSON", '{"api_key": "hunter2-hunter2-hunter2", "a": 1}', '{"api_key": "…ter2", "a": 1}'],
  ["a header", "x-api-key: 0123456789", "x-api-key: …"],
  ["a URL with a password", "connect redis://user:pa55word@cache:6379/0", "connect redis://…@cache:6379/0"],
  ["a long token", "token was AKIAIOSFODNN7EXAMPLE0", "token was …PLE0"],
  ["a JWT", "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "got …dXJl"],
  ["two of them", "sk-aaaaaaaaaaaaaaaa and sk-bbbbbbbbbbbbbbbb", "sk-…aaaa and sk-…bbbb"],
];

for (const [name, text, masked] of cases) {
  test(`maskSecrets: ${name}`, () => assert.equal(maskSecrets(text), masked));
}

test("maskSecrets leaves what is no secret, and what is masked already", () => {
  for (const text of [
    "connect ECONNREFUSED 127.0.0.1:8787",
    "The model claude-3-5-sonnet-20241022 answered 503 after 1200 ms",
    "request 5f0c6f6e-6a0e-4f6e-9f6e-0123456789ab at https://api.openai.com/v1/chat/completions",
    "sk-…ab12 and Bearer …0123 and key=…",
    "the key is missing: expected a string",
  ]) {
    assert.equal(maskSecrets(text), text);
  }
});

test("maskKeys takes keys out of a path and leaves ids", () => {
  assert.equal(maskKeys("/sk-abcdefghijklmnop1234/v1/files"), "/sk-…1234/v1/files");
  assert.equal(
    maskKeys("/v1/files/file-Ab0123456789Cd0123456789"),
    "/v1/files/file-Ab0123456789Cd0123456789",
  );
});
