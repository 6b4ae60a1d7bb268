import process from "node:process";
import { defineCommand } from "citty";
import { convertFolder } from "./convert.node.ts";

/** `sluice convert`: chat logs to JSON. */
export default defineCommand({
  meta: {
    name: "convert",
    description: "Turn chat logs (Sluice's, or those of openai-forward) into one JSON file",
  },
  args: {
    log: {
      type: "string",
      alias: "l",
      valueHint: "folder|file",
      default: "Log/chat",
      description: "Folder with .log and .jsonl files, or one of them",
    },
    output: {
      type: "string",
      alias: "o",
      valueHint: "file",
      default: "Log/chat.json",
      description: "JSON file to write",
    },
  },
  async run({ args }) {
    const { files, records, unanswered, problems } = await convertFolder(args.log, args.output, {
      onProblem: ({ file, line, message }) => process.stderr.write(`${file}:${line}: ${message}\n`),
    });
    const from = count(files, "file");
    const missing = unanswered > 0 ? `, ${unanswered} of them without an answer` : "";
    const skipped = problems > 0 ? `; ${count(problems, "line")} could not be read` : "";
    process.stdout.write(`${args.output}: ${count(records, "call")} from ${from}${missing}${skipped}\n`);
  },
});

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
