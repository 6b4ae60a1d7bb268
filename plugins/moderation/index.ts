import * as v from "valibot";
import { definePlugin, duration, GatewayError, matcher } from "../../core/index.ts";
import type { Call, GatewayContext } from "../../core/index.ts";
import { createModerator } from "./moderate.ts";
import { textToModerate } from "./texts.ts";
import type { Verdict } from "./verdict.ts";

const patterns = v.optional(v.array(v.string()));

const options = v.strictObject({
  model: v.pipe(
    v.string(),
    v.nonEmpty(),
    v.description(
      "The moderation model; one of the upstreams must offer it. It is asked with OpenAI's `/v1/moderations`.",
    ),
  ),
  scope: v.pipe(
    v.optional(v.picklist(["last", "all"]), "last"),
    v.description(
      "`last`: what the user said last (an image's prompt, a speech's input); `all`: every message. Texts only: images and sound are not looked at. Long texts are sent in overlapping pieces of 10,000 characters, whole.",
    ),
  ),
  action: v.pipe(
    v.optional(v.picklist(["block", "flag"]), "block"),
    v.description(
      "`block`: a flagged call is refused with 400 `content_flagged`; `flag`: it goes on, with the header `x-sluice-flagged` on its answer and a note in the log.",
    ),
  ),
  onError: v.pipe(
    v.optional(v.picklist(["allow", "block"]), "allow"),
    v.description(
      "When there is no verdict (the model failed or was too slow). `allow`: the call goes on UNMODERATED, with a warning and a note in the log; `block`: it is refused with 503 `moderation_unavailable`.",
    ),
  ),
  categories: v.pipe(
    v.optional(
      v.pipe(v.record(v.string(), v.pipe(v.number(), v.minValue(0), v.maxValue(1))), v.minEntries(1)),
    ),
    v.description(
      "Category → score from which on a text is flagged; then only these count. Default: the model's own `flagged`.",
    ),
  ),
  timeout: v.pipe(
    v.optional(duration, "10s"),
    v.description("How long a verdict may take, all pieces together."),
  ),
  operations: v.pipe(
    v.optional(v.array(v.string()), ["chat", "completion", "responses", "image", "image-edit", "speech"]),
    v.description("Operations whose calls are moderated."),
  ),
  paths: v.pipe(
    patterns,
    v.description("Paths that are moderated; `*` is a wildcard, `!` takes away. Default: all."),
  ),
  models: v.pipe(patterns, v.description("Models whose calls are moderated; same grammar. Default: all.")),
  keys: v.pipe(
    patterns,
    v.description("Names of the callers' keys whose calls are moderated; same grammar. Default: all."),
  ),
  asCaller: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Ask over the upstreams that the caller's own key may use, by its routes."),
  ),
  remember: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 1000),
    v.description("Verdicts that are remembered in this process, by a hash of the text; 0: none."),
  ),
});

type Options = v.InferOutput<typeof options>;

/** ms between two warnings that calls go on unmoderated; those in between are counted. */
const warnEvery = 1000;

/** Warns of failures, at most once a second. */
function failureWarner(gateway: GatewayContext): (error: unknown) => void {
  let warnedAt = Number.NEGATIVE_INFINITY;
  let unmoderated = 0;
  return (error) => {
    unmoderated++;
    const now = Date.now();
    if (now - warnedAt < warnEvery) return;
    warnedAt = now;
    const calls = unmoderated === 1 ? "A call went" : `${unmoderated} calls went`;
    unmoderated = 0;
    gateway.log.warn(`moderation: ${calls} on UNMODERATED (onError: allow): ${messageOf(error)}`);
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Which calls are moderated, as far as it is known before and after their body was read. */
function selection({ operations, paths, models, keys }: Options) {
  const moderated = new Set(operations);
  const byPath = matcher(paths);
  const byModel = matcher(models);
  const byKey = matcher(keys);
  return {
    before: (call: Call): boolean =>
      moderated.has(call.operation) && byPath(call.path) && byKey(call.caller?.name ?? ""),
    after: (call: Call): boolean => byModel(call.model ?? ""),
  };
}

function refuse({ categories }: Verdict): GatewayError {
  const named = categories.length > 0 ? `: ${categories.join(", ")}` : "";
  return new GatewayError(`The request was flagged by moderation${named}.`, {
    status: 400,
    code: "content_flagged",
  });
}

/** Has what users ask judged by a moderation model before it goes on. */
export default definePlugin({
  name: "moderation",
  options,
  setup(options, gateway) {
    const moderate = createModerator(options, gateway);
    const warn = failureWarner(gateway);
    const selected = selection(options);

    /** The verdict, or undefined where there is none and the call may go on. */
    async function verdictOn(call: Call, text: string): Promise<Verdict | undefined> {
      try {
        return await moderate(text, call);
      } catch (error) {
        // The call is over, its client gone: nothing to say about moderation.
        if (call.signal.aborted) throw error;
        if (options.onError === "block") {
          throw new GatewayError("Moderation is not available at the moment.", {
            status: 503,
            code: "moderation_unavailable",
            retryAfter: 5,
            cause: error,
          });
        }
        warn(error);
        call.notes.set("moderation", { failed: true });
        return undefined;
      }
    }

    return {
      stage: "guard",
      async middleware(call, next) {
        if (!selected.before(call)) return next();
        await call.inspect();
        if (!call.facts || !selected.after(call)) return next();
        const text = textToModerate(call.facts.messages(), options.scope);
        if (text === "") return next();
        const verdict = await verdictOn(call, text);
        if (!verdict?.flagged) return next();
        call.notes.set("moderation", { flagged: verdict.categories });
        if (options.action === "block") throw refuse(verdict);
        call.responseHeaders.push("x-sluice-flagged", verdict.categories.join(", ") || "true");
        return next();
      },
    };
  },
});
