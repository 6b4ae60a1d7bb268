import process from "node:process";
import { unsupported } from "#serve";
import { defineCommand } from "citty";
import { watchConfig } from "../../../config/watch.ts";
import { resolveServer } from "../../defaults.ts";
import { banner } from "../banner.ts";
import { UsageError } from "../failure.ts";
import { readServeFlags, serveArgs } from "../flags.ts";
import { reloadAndTell, seeThrough, tellFailure } from "../life.ts";
import { load } from "../load.ts";
import { createCliLog } from "../log.ts";
import { printError } from "../output.ts";
import { listenOptions, run } from "../run.ts";
import { checkWorkers } from "../sharing.ts";
import { supervise } from "../workers.ts";

/** ms that a worker has beyond the shutdown time-out before it is killed. */
const killGrace = 5000;

export default defineCommand({
  meta: { name: "serve", description: "Serve, until it is told to stop" },
  args: serveArgs,
  async run({ args, rawArgs }) {
    const flags = readServeFlags(args, rawArgs);
    const log = createCliLog(flags.logLevel);
    const loaded = await load(flags);
    const server = resolveServer(loaded.config.server);
    const reason = unsupported(listenOptions(server, flags), flags.workers);
    if (reason) throw new UsageError(reason);
    if (flags.workers > 1) await checkWorkers(loaded, server, flags, log);
    const running =
      flags.workers > 1
        ? await supervise(flags, server.shutdownTimeout + killGrace, log)
        : await run(flags, loaded, log);
    printError(banner(running.url, loaded, flags));
    seeThrough(running, log, (status) => process.exit(status));
    process.on("SIGHUP", () => void reloadAndTell(running, log));
    if (flags.watch) {
      watchConfig(loaded, {
        onChange: () => reloadAndTell(running, log),
        onError: (error) => tellFailure(error, log),
      });
    }
    // The signals end it.
    await new Promise(() => {});
  },
});
