import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import type { WriteStream } from "node:fs";
import { convertChatLog } from "./convert.ts";

/** A line that could not be used, and where it stands. */
export interface FileProblem {
  file: string;
  /** From 1. */
  line: number;
  message: string;
}

/** What a conversion found. */
export interface ConvertResult {
  files: number;
  records: number;
  /** Of the records, those whose answer the log does not hold. */
  unanswered: number;
  problems: number;
}

/**
 * Converts the chat logs of a folder, or one file, into one JSON array (indented by four spaces).
 * Nothing is held whole in memory. The output takes its place when it is complete.
 * @param folder Files ending in `.log` or `.jsonl`, in its folders too, are read in the order of their names.
 * @param output Path of the JSON file.
 * @throws Error when there is nothing to read, or a file cannot be read or written.
 */
export async function convertFolder(
  folder: string,
  output: string,
  options: { onProblem?: (problem: FileProblem) => void } = {},
): Promise<ConvertResult> {
  const files = await logFiles(folder);
  const source = readFiles(files);
  const result: ConvertResult = { files: files.length, records: 0, unanswered: 0, problems: 0 };
  const records = convertChatLog(source.lines(), {
    onProblem: ({ line, message }) => {
      result.problems++;
      options.onProblem?.({ ...source.locate(line), message });
    },
  });

  const unfinished = `${output}.part`;
  const out = createWriteStream(unfinished, { mode: 0o600 });
  // Without a listener at all times, a full disk between two writes would end the process.
  const done = finished(out);
  done.catch(() => {});
  try {
    await write(out, "[");
    for await (const record of records) {
      const text = JSON.stringify(record, null, 4).replaceAll("\n", "\n    ");
      await write(out, `${result.records === 0 ? "" : ","}\n    ${text}`);
      result.records++;
      if (record.assistant === null) result.unanswered++;
    }
    out.end(result.records === 0 ? "]\n" : "\n]\n");
    await done;
  } catch (error) {
    out.destroy();
    await rm(unfinished, { force: true });
    throw out.errored ? unwritable(output, error) : error;
  }
  await rename(unfinished, output).catch((error: unknown) => {
    throw unwritable(output, error);
  });
  return result;
}

function unwritable(output: string, error: unknown): Error {
  return new Error(`${output} cannot be written (${(error as NodeJS.ErrnoException).code}).`, {
    cause: error,
  });
}

async function write(out: WriteStream, text: string): Promise<void> {
  if (out.errored) throw out.errored;
  if (!out.write(text)) await once(out, "drain");
}

/** The log files of a folder by name; a file stands for itself. */
async function logFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new Error(`There is no folder or file ${resolve(path)}.`);
  if (found.isFile()) return [path];
  const names = await readdir(path, { recursive: true });
  const files = names.filter((name) => /\.(?:log|jsonl)$/.test(name)).sort();
  if (files.length === 0) throw new Error(`${resolve(path)} holds no chat log (.log or .jsonl).`);
  return files.map((name) => join(path, name));
}

/** The lines of all files one after the other, and where each of them stood. */
function readFiles(files: readonly string[]) {
  const begins: { file: string; before: number }[] = [];
  let count = 0;
  return {
    async *lines(): AsyncGenerator<string, undefined> {
      for (const file of files) {
        begins.push({ file, before: count });
        for await (const line of linesOf(file)) {
          count++;
          yield line;
        }
      }
    },
    /** The file and its own line number of a line counted over all files. */
    locate(line: number): { file: string; line: number } {
      const begin = begins.findLast(({ before }) => before < line);
      return { file: begin?.file ?? "", line: line - (begin?.before ?? 0) };
    },
  };
}

/** The lines of a file. node:readline would also split at U+2028, which may stand inside a JSON string. */
async function* linesOf(file: string): AsyncGenerator<string, undefined> {
  let pieces: string[] = [];
  for await (const chunk of createReadStream(file, { encoding: "utf8" }) as AsyncIterable<string>) {
    let from = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", from)) {
      pieces.push(chunk.slice(from, end));
      yield pieces.join("");
      pieces = [];
      from = end + 1;
    }
    pieces.push(chunk.slice(from));
  }
  const last = pieces.join("");
  if (last !== "") yield last;
}
