import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import type { LineSink } from "./lines.ts";

/** The part of Deno that is needed here: its `process.stdout` blocks the whole process on a full pipe. */
interface DenoStdout {
  Deno?: { stdout: { write(bytes: Uint8Array): Promise<number> } };
}

/** Is standard output a terminal? */
export function stdoutIsTerminal(): boolean {
  return process.stdout.isTTY === true;
}

/** Standard output. A reader that is slow or gone costs lines, never the process. */
export function stdoutSink(): LineSink {
  const { Deno } = globalThis as DenoStdout;
  if (Deno) return { write: (text) => writeAll(Deno.stdout, new TextEncoder().encode(text)) };
  process.stdout.on("error", toldAlready);
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => void process.stdout.off("error", toldAlready),
  };
}

/** The callback of the write hears of it; without a listener it would end the process too. */
function toldAlready(): void {}

async function writeAll(
  out: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += await out.write(bytes.subarray(at));
}

/**
 * A file that is appended to; its folders are made. It is opened for each batch, so that a file that was
 * moved away (rotation) or deleted is made anew, and nothing is held between batches.
 * @param path The file, or what yields it at the time of writing (a file a day).
 * @param mode Permissions of a new file. Default 0o644.
 */
export function fileSink(path: string | (() => string), mode = 0o644): LineSink {
  return {
    async write(text) {
      const file = typeof path === "string" ? path : path();
      try {
        await appendFile(file, text, { mode });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        await mkdir(dirname(file), { recursive: true });
        await appendFile(file, text, { mode });
      }
    },
  };
}
