import { createConsola } from "consola";
import type { Log } from "./context.ts";

/** The gateway's own voice: messages to whoever runs it, on stderr so that stdout stays for the request log. */
export function createLog(): Log {
  return createConsola({ stdout: process.stderr, stderr: process.stderr }).withTag("sluice");
}
