import process from "node:process";
import { stripVTControlCharacters } from "node:util";

/** Writes to standard output; colours only reach terminals. */
export function print(text: string): void {
  process.stdout.write(process.stdout.isTTY ? text : stripVTControlCharacters(text));
}

/** Writes one line to standard error; colours only reach terminals. */
export function printError(line: string): void {
  process.stderr.write((process.stderr.isTTY ? line : stripVTControlCharacters(line)) + "\n");
}

/** Lets the process outlive its readers: `sluice | head -1` closes the pipe while the gateway goes on. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
