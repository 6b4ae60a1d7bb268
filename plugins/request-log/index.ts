import * as v from "valibot";
import {
  createLineWriter,
  definePlugin,
  fileSink,
  matcher,
  stdoutIsTerminal,
  stdoutSink,
} from "../../core/index.ts";
import type { Call, GatewayContext, LineWriter, Outcome } from "../../core/index.ts";
import { prettyLine } from "./pretty.ts";
import { pickFields, recordFields, toRecord } from "./record.ts";

const options = v.strictObject({
  format: v.pipe(
    v.optional(v.picklist(["auto", "pretty", "json"]), "auto"),
    v.description(
      "`pretty`: columns for the eyes; `json`: one object a line; `auto`: pretty on a terminal, else json.",
    ),
  ),
  file: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.description(
      "File that lines are appended to; folders are made, and a file that was moved away is made anew. Default: standard output.",
    ),
  ),
  only: v.pipe(
    v.optional(v.picklist(["errors"])),
    v.description(
      "`errors`: only calls that were refused (status 400 and more), failed or left early. Default: all calls.",
    ),
  ),
  exclude: v.pipe(
    v.optional(v.array(v.string()), ["/healthz", "/readyz"]),
    v.description("Paths that are not logged; `*` stands for any characters."),
  ),
  fields: v.pipe(
    v.optional(v.pipe(v.array(v.picklist(recordFields)), v.nonEmpty())),
    v.description("The fields to log, in their order. Default: all that are known of a call."),
  ),
  notes: v.pipe(
    v.optional(v.array(v.string()), ["moderation", "cache", "retry", "continue"]),
    v.description("Names of the plugins whose notes on a call go into its `notes`."),
  ),
});

type Options = v.InferOutput<typeof options>;

/** Makes the line of one call. */
function formatter({ format, file, fields, notes }: Options): (call: Call, outcome: Outcome) => string {
  const onTerminal = file === undefined && stdoutIsTerminal();
  const pretty = format === "pretty" || (format === "auto" && onTerminal);
  return (call, outcome) => {
    const record = toRecord(call, outcome, notes);
    const told = fields ? pickFields(record, fields) : record;
    return pretty ? prettyLine(told, onTerminal) : JSON.stringify(told);
  };
}

/** The lines' way out, which gathers them. */
function openLog(options: Options, gateway: GatewayContext): LineWriter {
  return createLineWriter(options.file === undefined ? stdoutSink() : fileSink(options.file), {
    onLost: (lines, error) => {
      const why = error === undefined ? "the sink is slower than the calls" : String(error);
      gateway.log.warn(`request-log: ${lines} lines were lost: ${why}`);
    },
  });
}

/** Was it refused, did it fail, or did its client leave early? */
function wentWrong({ status, error, result }: Outcome): boolean {
  return status >= 400 || error !== undefined || result === "broken";
}

/** One line a call, with all that is known of it at its end; never a key, a query or a prompt. */
export default definePlugin({
  name: "request-log",
  options,
  setup(options, gateway) {
    const writer = openLog(options, gateway);
    const line = formatter(options);
    const onlyErrors = options.only === "errors";
    const excluded = matcher(options.exclude);
    return {
      stage: "log",
      middleware(call, next) {
        if (!excluded(call.path)) {
          call.onFinish((outcome) => {
            if (!onlyErrors || wentWrong(outcome)) writer.write(line(call, outcome));
          });
        }
        return next();
      },
      close: () => writer.close(),
    };
  },
});
