import * as v from "valibot";
import { definePlugin } from "../../core/index.ts";
import type { BrokenStream, Call, Next, Target } from "../../core/index.ts";

const options = v.strictObject({
  times: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
    v.description("How often one answer may be continued."),
  ),
});

/**
 * Goes on with a chat's stream that broke in the middle: another target of the same model is asked for the rest, with
 * the text so far as the beginning of its answer. Only where the target can be given a beginning, and never once the
 * model began to call a tool; else the stream breaks for the client, too.
 */
export default definePlugin({
  name: "continue",
  options,
  setup({ times }) {
    return {
      stage: "attempt",
      middleware(call, next) {
        if (call.stream && call.operation === "chat" && call.prefix === undefined) {
          call.onBreak = (broken) => (broken.continued < times ? goOn(call, next, broken) : stop());
        }
        return next();
      },
    };
  },
});

function stop(): Promise<boolean> {
  return Promise.resolve(false);
}

async function goOn(call: Call, next: Next, broken: BrokenStream): Promise<boolean> {
  for (let target = sister(call); target; target = sister(call)) {
    if (!(await broken.continueOn(target, next))) continue;
    call.notes.set("continue", { continued: broken.continued + 1 });
    return true;
  }
  return false;
}

/** The next target that has the same model, by whatever name; undefined where there is none. */
function sister({ targets, candidates }: Call): Target | undefined {
  const target = targets?.next().value;
  const isSister = candidates.some(
    ({ upstream, model }) => upstream === target?.upstream && model === target.model,
  );
  return isSister ? target : undefined;
}
