import process from "node:process";
import { startServer } from "#serve";
import { createGateway } from "../config/index.ts";
import type { FinishedCall } from "./_gateway-process.ts";

/**
 * A gateway in a process of its own, behind the server that the command line starts. Its configuration is the first
 * argument; it tells its address, then each finished call, as JSON lines. When its input ends, it closes, and the
 * process ends once nothing is left in it that would hold it.
 */
const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const say = (...data: unknown[]): void => void process.stderr.write(`${data.map(String).join(" ")}\n`);
const log = { debug: say, info: say, warn: say, error: say };

const gateway = await createGateway(JSON.parse(process.argv[2] ?? "{}") as object, { log });
gateway.context.hooks.hook("call:finish", (call, { error, ...outcome }) => {
  tell({ ...outcome, path: call.path, error: error?.code } satisfies FinishedCall);
});
const server = await startServer(gateway.fetch, { host: "127.0.0.1", port: 0 }, log);
tell({ url: server.url });

for await (const _ of process.stdin);
server.stop();
await gateway.close(1000);
await server.close(1000);
