import * as v from "valibot";
import { createLineWriter, definePlugin, fileSink, matcher, stdoutSink } from "../../core/index.ts";
import type { Call, GatewayContext, LineSink, LineWriter, Outcome } from "../../core/index.ts";
import { localDay, toEntry, toForwardEntry } from "./entry.ts";
import { printable } from "./print.ts";

const options = v.strictObject({
  path: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty()), "Log/chat"),
    v.description(
      "Folder for one file a day (`chat-2026-11-21.jsonl`, local date), or a file: a path whose name has an extension.",
    ),
  ),
  format: v.pipe(
    v.optional(v.picklist(["jsonl", "openai-forward"]), "jsonl"),
    v.description(
      "What a line holds. `jsonl`: time, id, model, key, ip, messages, answer, status, partial; `openai-forward`: datetime, forwarded-for, model, messages, assistant, uid.",
    ),
  ),
  operations: v.pipe(
    v.optional(v.array(v.string()), ["chat", "completion", "responses"]),
    v.description("Operations whose calls are kept."),
  ),
  paths: v.pipe(
    v.optional(v.array(v.string())),
    v.description(
      "Paths whose calls are kept; `*` stands for any characters, `!path` takes one away. Default: all.",
    ),
  ),
  print: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Prints each conversation to the terminal, too."),
  ),
});

/** Prompts are private: only the gateway's own user may read them. */
const ownerOnly = 0o600;
/** Characters that may wait for the disk. Prompts are long. */
const waitingLimit = 64 * 1024 ** 2;

/** A path with an extension is a file; else a folder with a file a day. */
function fileOf(path: string): string | (() => string) {
  if (/[^/\\]\.\w+$/.test(path)) return path;
  return () => `${path}/chat-${localDay(new Date())}.jsonl`;
}

function open(sink: LineSink, gateway: GatewayContext): LineWriter {
  return createLineWriter(sink, {
    limit: waitingLimit,
    onLost: (lines, error) => {
      gateway.log.warn(`chat-log: ${lines} conversations were lost`, ...(error === undefined ? [] : [error]));
    },
  });
}

/**
 * Keeps prompts and answers, streams joined, one line a call. It is in no pipeline unless a configuration
 * names it. Calls that were refused before their body was read hold no conversation and are not kept.
 */
export default definePlugin({
  name: "chat-log",
  options,
  setup({ path, format, operations, paths, print }, gateway) {
    const kept = new Set(operations);
    const matches = matcher(paths);
    const file = open(fileSink(fileOf(path), ownerOnly), gateway);
    const terminal = print ? open(stdoutSink(), gateway) : undefined;

    function keep(call: Call, outcome: Outcome): void {
      if (!call.facts) return;
      const entry = format === "jsonl" ? toEntry(call, outcome) : toForwardEntry(call);
      file.write(JSON.stringify(entry));
      terminal?.write(printable(toEntry(call, outcome)));
    }

    return {
      stage: "log",
      middleware(call, next) {
        if (kept.has(call.operation) && matches(call.path)) {
          call.collectText();
          call.onFinish((outcome) => keep(call, outcome));
        }
        return next();
      },
      async close() {
        await Promise.all([file.close(), terminal?.close()]);
      },
    };
  },
});
