import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { convertFolder } from "../../../plugins/chat-log/convert.node.ts";
import { convertChatLog } from "../../../plugins/chat-log/convert.ts";
import type { ChatRecord, ConvertProblem } from "../../../plugins/chat-log/convert.ts";

/** The example in openai-forward's README. */
const log = `{'messages': [{'user': 'hi'}], 'model': 'gpt-3.5-turbo', 'forwarded-for': '', 'uid': '467a17ec-bf39-4b65-9ebd-e722b3bdd5c3', 'datetime': '2023-07-18 14:01:21'}
{'assistant': 'Hello there! How can I assist you today?', 'uid': '467a17ec-bf39-4b65-9ebd-e722b3bdd5c3'}
{'messages': [{'user': 'Hello!'}], 'model': 'gpt-3.5-turbo', 'forwarded-for': '', 'uid': 'f844d156-e747-4887-aef8-e40d977b5ee7', 'datetime': '2023-07-18 14:01:23'}
{'assistant': 'Hi there! How can I assist you today?', 'uid': 'f844d156-e747-4887-aef8-e40d977b5ee7'}
`;
const chatJson = `[
    {
        "datetime": "2023-07-18 14:01:21",
        "forwarded-for": "",
        "model": "gpt-3.5-turbo",
        "messages": [
            {
                "user": "hi"
            }
        ],
        "assistant": "Hello there! How can I assist you today?"
    },
    {
        "datetime": "2023-07-18 14:01:23",
        "forwarded-for": "",
        "model": "gpt-3.5-turbo",
        "messages": [
            {
                "user": "Hello!"
            }
        ],
        "assistant": "Hi there! How can I assist you today?"
    }
]
`;

async function convert(lines: string[], waiting?: number) {
  const problems: ConvertProblem[] = [];
  const records: ChatRecord[] = [];
  const options = { onProblem: (problem: ConvertProblem) => void problems.push(problem), waiting };
  for await (const record of convertChatLog(from(lines), options)) records.push(record);
  return { records, problems };
}

async function* from(lines: string[]): AsyncGenerator<string, undefined> {
  yield* lines;
}

const request = (uid: string): string =>
  `{'messages': [{'user': 'q ${uid}'}], 'model': 'm', 'forwarded-for': '1.2.3.4', 'uid': '${uid}', 'datetime': 't'}`;
const answer = (uid: string): string => `{'assistant': 'a ${uid}', 'uid': '${uid}'}`;
const record = (uid: string, assistant: string | null = `a ${uid}`): ChatRecord => ({
  datetime: "t",
  "forwarded-for": "1.2.3.4",
  model: "m",
  messages: [{ user: `q ${uid}` }],
  assistant,
});

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-convert-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("the example log becomes the example chat.json, byte for byte", () =>
  inFolder(async (folder) => {
    const output = join(folder, "chat.json");
    await writeFile(join(folder, "chat.log"), log);
    const result = await convertFolder(folder, output);
    assert.equal(await readFile(output, "utf8"), chatJson);
    assert.deepEqual(result, { files: 1, records: 2, unanswered: 0, problems: 0 });
    assert.deepEqual(await readdir(folder), ["chat.json", "chat.log"]);
  }));

test("answers are joined by uid, wherever they stand, in the order of the requests", async () => {
  const lines = [request("1"), request("2"), answer("3"), answer("2"), request("3"), answer("1")];
  assert.deepEqual(await convert(lines), { records: [record("1"), record("2"), record("3")], problems: [] });
});

test("the keys of a record stand in the order of the example", async () => {
  const { records } = await convert([request("1"), answer("1")]);
  const order = ["datetime", "forwarded-for", "model", "messages", "assistant"];
  assert.deepEqual(Object.keys(records[0] ?? {}), order);
});

test("a request without an answer is kept, an answer without a request is reported", async () => {
  const { records, problems } = await convert([request("1"), answer("9"), request("2"), answer("2")]);
  assert.deepEqual(records, [record("1", null), record("2")]);
  assert.deepEqual(problems, [{ line: 2, message: "an answer without its request" }]);
});

test("lines that cannot be read are reported with their numbers and left out", async () => {
  const { records, problems } = await convert([
    "nonsense",
    "",
    request("1"),
    "{'messages': [",
    "[1, 2]",
    "{'model': 'm'}",
    answer("1"),
  ]);
  assert.deepEqual(records, [record("1")]);
  assert.deepEqual(
    problems.map(({ line }) => line),
    [1, 4, 5, 6],
  );
  assert.match(problems[1]?.message ?? "", /column 15/);
});

test("no more than `waiting` conversations are held", async () => {
  const lines = [request("1"), request("2"), answer("2"), request("3"), answer("1"), answer("3")];
  const { records, problems } = await convert(lines, 2);
  assert.deepEqual(records, [record("1", null), record("2"), record("3")]);
  assert.deepEqual(problems, [{ line: 5, message: "an answer without its request" }]);
  const early = await convert([answer("1"), answer("2"), answer("3")], 2);
  assert.deepEqual(
    early.problems.map(({ line }) => line),
    [1, 2, 3],
  );
});

test("records come while the log is still being read", async () => {
  let read = 0;
  async function* lines(): AsyncGenerator<string, undefined> {
    for (let i = 0; i < 1000; i++) {
      read++;
      yield i % 2 === 0 ? request(String(i)) : answer(String(i - 1));
    }
  }
  const first = await convertChatLog(lines()).next();
  assert.deepEqual(first.value, record("0"));
  assert.equal(read, 2);
});

test("our own lines are read in both formats", async () => {
  const own = {
    time: new Date(2026, 10, 21, 9, 5, 7).toISOString(),
    id: "x",
    model: "gpt-4o",
    key: "team-a",
    ip: "10.0.0.1",
    messages: [{ system: "be short" }, { user: "hi" }],
    answer: "Hello!",
    status: 200,
  };
  const forward = {
    datetime: "2026-11-21 09:05:07",
    "forwarded-for": "10.0.0.1",
    model: "gpt-4o",
    messages: own.messages,
    assistant: "Hello!",
  };
  const { records, problems } = await convert([
    JSON.stringify(own),
    JSON.stringify({ ...forward, uid: "467a17ec" }),
    JSON.stringify({ messages: own.messages, model: "gpt-4o", uid: "u", datetime: forward.datetime }),
    JSON.stringify({ assistant: "later", uid: "u" }),
  ]);
  assert.deepEqual(problems, []);
  assert.deepEqual(records, [forward, forward, { ...forward, "forwarded-for": "", assistant: "later" }]);
});

test("files are read in the order of their names, folders too; problems name file and line", () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "chat-2026-11-20.jsonl"), `${request("1")}\r\n${request("2")}\r\n`);
    // A day ends between request and answer; U+2028 is no line's end; the last line has none.
    await writeFile(
      join(folder, "chat-2026-11-21.jsonl"),
      `{'assistant': 'a\u2028b', 'uid': '1'}\nbroken\n${answer("2")}`,
    );
    await writeFile(join(folder, "sub/chat.log"), `${request("3")}\n`);
    await writeFile(join(folder, "notes.txt"), "not a log");
    const problems: unknown[] = [];
    const output = join(folder, "out.json");
    const result = await convertFolder(folder, output, {
      onProblem: (problem) => void problems.push(problem),
    });
    assert.deepEqual(result, { files: 3, records: 3, unanswered: 1, problems: 1 });
    assert.deepEqual(JSON.parse(await readFile(output, "utf8")), [
      record("1", "a\u2028b"),
      record("2"),
      record("3", null),
    ]);
    const [problem] = problems as { file: string; line: number }[];
    assert.deepEqual([problem?.file, problem?.line], [join(folder, "chat-2026-11-21.jsonl"), 2]);
  }));

test("one file can be converted; an empty log becomes an empty list", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "chat.txt"), "\n");
    const output = join(folder, "chat.json");
    await convertFolder(join(folder, "chat.txt"), output);
    assert.equal(await readFile(output, "utf8"), "[]\n");
  }));

test("nothing to read is said in one sentence, and nothing is left behind", () =>
  inFolder(async (folder) => {
    const output = join(folder, "chat.json");
    await assert.rejects(convertFolder(join(folder, "none"), output), /There is no folder or file .*none\./);
    await assert.rejects(convertFolder(folder, output), /holds no chat log/);
    await writeFile(join(folder, "chat.log"), log);
    await assert.rejects(convertFolder(folder, join(folder, "no/such/chat.json")), /ENOENT/);
    assert.deepEqual(await readdir(folder), ["chat.log"]);
  }));
