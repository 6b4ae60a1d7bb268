import process from "node:process";
import { supervisor } from "#serve";
import { fromFailure, toFailure } from "./failure.ts";
import { seeThrough, stop } from "./life.ts";
import { load } from "./load.ts";
import { createCliLog } from "./log.ts";
import { surviveClosedPipes } from "./output.ts";
import { run } from "./run.ts";
import type { ServeFlags } from "./flags.ts";
import type { Failure } from "./failure.ts";
import type { Running } from "./run.ts";
import type { Supervisor, ToWorker } from "./serve.ts";

/** What a worker runs: it does as its supervisor says. */
function work(boss: Supervisor): void {
  const requests = new Map<number, (failure: Failure | undefined) => void>();
  let lastId = 0;
  let running: Promise<Running> | undefined;
  let log = createCliLog("info");

  // The supervisor has every worker read the configuration again, this one too.
  const requestReload = async (): Promise<void> => {
    const id = ++lastId;
    const answer = new Promise<Failure | undefined>((resolve) => requests.set(id, resolve));
    boss.send({ type: "reload-request", id });
    const failure = await answer;
    if (failure) throw fromFailure(failure);
  };

  const start = async (flags: ServeFlags): Promise<Running> => {
    log = createCliLog(flags.logLevel);
    const started = await run(flags, await load(flags), log, requestReload);
    const { debug, warn, error } = log;
    // The signals of a terminal come to all; that they came is told by the supervisor.
    seeThrough(started, { debug, info: debug, warn, error }, boss.exit);
    boss.send({ type: "ready", url: started.url });
    return started;
  };

  boss.onMessage((message: ToWorker) => {
    if (message.type === "start") {
      running = start(message.flags as ServeFlags);
      running.catch((error: unknown) => {
        boss.send({ type: "failed", failure: toFailure(error) });
        boss.exit(1);
      });
    } else if (message.type === "reload") {
      const { id } = message;
      void running
        ?.then((started) => started.reload())
        .then(
          () => boss.send({ type: "reloaded", id }),
          (error: unknown) => boss.send({ type: "reloaded", id, failure: toFailure(error) }),
        );
    } else if (message.type === "reload-answer") {
      requests.get(message.id)?.(message.failure);
      requests.delete(message.id);
    } else {
      void running?.then((started) => stop(started, log)).then(boss.exit, () => {});
    }
  });
}

surviveClosedPipes();
// A terminal that hangs up tells the whole group; the supervisor is who listens to that.
process.on("SIGHUP", () => {});
const boss = supervisor();
if (boss) work(boss);
