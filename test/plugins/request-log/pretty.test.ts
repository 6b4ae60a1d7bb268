import assert from "node:assert/strict";
import { test } from "node:test";
import { prettyLine, shortDuration } from "../../../plugins/request-log/pretty.ts";
import type { LogRecord } from "../../../plugins/request-log/record.ts";

const record: LogRecord = {
  time: new Date(2026, 10, 21, 12, 1, 3).toISOString(),
  id: "1",
  status: 200,
  result: "complete",
  method: "POST",
  path: "/v1/chat/completions",
  operation: "chat",
  model: "gpt-4o",
  upstream: "openai",
  key: "team-a",
  attempts: 1,
  duration_ms: 1234.5,
  bytes: 330,
  input_tokens: 230,
  output_tokens: 45,
};

test("a call is one line in columns", () => {
  assert.equal(
    prettyLine(record, false),
    "12:01:03 200 POST /v1/chat/completions gpt-4o → openai       1.2s 230/45 tok key=team-a",
  );
});

test("columns stand under each other", () => {
  const other = prettyLine(
    { ...record, method: "GET", path: "/v1/models", model: undefined, duration_ms: 3 },
    false,
  );
  assert.equal(other.indexOf("230/45"), prettyLine(record, false).indexOf("230/45"));
});

test("a failed call tells how it ended", () => {
  const failed: LogRecord = {
    ...record,
    status: 502,
    result: "broken",
    attempts: 3,
    input_tokens: 7,
    output_tokens: 0,
    estimated: true,
    error: "upstream_broke",
    cause: "other side closed",
    dropped: ["seed", "logit_bias"],
    notes: { cache: "hit", moderation: { flagged: ["hate"] } },
  };
  assert.equal(
    prettyLine(failed, false).slice(prettyLine(failed, false).indexOf("~")),
    '~7/0 tok key=team-a attempts=3 dropped=seed,logit_bias cache=hit moderation={"flagged":["hate"]} broken upstream_broke other side closed',
  );
});

test("what a client chose cannot steer the terminal", () => {
  const line = prettyLine({ ...record, model: "a\u001b[2Jb\r\nc\u009b1m" }, false);
  assert.match(line, /a\[2Jbc1m →/);
});

test("what is not known is left out", () => {
  assert.equal(prettyLine({ status: 404, path: "/x" }, false), "404 /x                  ");
  assert.equal(prettyLine({}, false), "");
});

test("durations are short", () => {
  const shown = [0.4, 340, 999.6, 1234, 59_900, 59_990, 185_000].map(shortDuration);
  assert.deepEqual(shown, ["0ms", "340ms", "1.0s", "1.2s", "59.9s", "1m00s", "3m05s"]);
});
