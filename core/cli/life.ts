import process from "node:process";
import { describeFailure } from "./failure.ts";
import type { Log } from "../context.ts";
import type { Running } from "./run.ts";

/** ms that an orderly end after an uncaught error may take. */
const crashGrace = 3000;

const stopSignals = [
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

/**
 * Sees a running gateway to its end: the first SIGINT or SIGTERM stops it in order (status 0), the second at
 * once (130 or 143); an uncaught error ends it after a flush (status 1).
 * @param exit Ends this process or thread.
 */
export function seeThrough(running: Running, log: Log, exit: (status: number) => void): void {
  let stopping = false;
  for (const [name, number] of stopSignals) {
    process.on(name, () => {
      if (stopping) {
        running.abandon();
        exit(128 + number);
        return;
      }
      stopping = true;
      log.info(`${name}: no new calls are taken, those in flight may end. Once more ends them at once.`);
      void stop(running, log).then(exit);
    });
  }
  process.on("unhandledRejection", (reason) => log.error("A failure that nobody handled:", reason));
  process.on("uncaughtException", (error) => {
    log.error("An error that nobody caught; the gateway ends:", error);
    setTimeout(() => exit(1), crashGrace);
    if (!stopping) void stop(running, log).then(() => exit(1));
    stopping = true;
  });
}

/** Stops in order; yields the status to exit with. */
export async function stop(running: Pick<Running, "stop">, log: Log): Promise<number> {
  try {
    await running.stop();
    return 0;
  } catch (error) {
    log.error("The gateway could not stop in order:", error);
    return 1;
  }
}

/** Reads the configuration again and tells how it went. Never rejects. */
export async function reloadAndTell(running: Pick<Running, "reload">, log: Log): Promise<void> {
  try {
    await running.reload();
    log.info("The configuration was read again and is in use.");
  } catch (error) {
    tellFailure(error, log);
  }
}

/** Tells why a configuration is not taken over. */
export function tellFailure(error: unknown, log: Log): void {
  log.error(
    ["The new configuration has mistakes; the old one runs on.", ...describeFailure(error)].join("\n  "),
  );
}
