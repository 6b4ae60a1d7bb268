import { badRequest } from "../../../../core/index.ts";
import type { AnswerContext, ChatRequest, Codecs, CodecContext, Fields } from "../../../../core/index.ts";
import { chat, countTokens } from "../codec.ts";
import { ours, ownOf } from "../own.ts";
import { encodeStream } from "../stream/encode.ts";
import { withHistory } from "./history.ts";
import type { WithHistory } from "./history.ts";
import type { ResponseStore } from "./store.ts";

/**
 * The codecs of a gateway that keeps what upstreams of other protocols cannot: `store` and `previous_response_id` are
 * answered here. What OpenAI alone keeps (conversations, prompt templates) is refused. A call that asks for the
 * background runs while its client waits, and its response says so.
 */
export function keepingCodecs(store: ResponseStore): Codecs {
  /** What stood before a request, by its part of this protocol: that one object goes with it wherever it is copied. */
  const histories = new WeakMap<object, WithHistory>();

  async function decodeRequest(body: Fields, context: CodecContext): Promise<ChatRequest> {
    refuseUnkept(body);
    const history = await withHistory(body, context.caller, store);
    const request = chat.decodeRequest(history.body, context) as ChatRequest;
    const own = { ...ownOf(request), ...(request.store != null && { store: request.store }) };
    // It is kept here, not at the upstream.
    const { store: _store, ...rest } = request;
    histories.set(own, { ...history, body: {} });
    return { ...rest, extensions: { [ours]: own } };
  }

  function keep(
    response: Fields,
    { request, caller }: AnswerContext<ChatRequest>,
  ): Promise<void> | undefined {
    const own = ownOf(request);
    const history = own && histories.get(own);
    if (!history || own["store"] === false) return undefined;
    const { chain, input } = history;
    return store.set(String(response["id"]), { caller, response, input, chain });
  }

  return {
    chat: {
      ...chat,
      decodeRequest,
      async encodeAnswer(answer, context) {
        const response = await chat.encodeAnswer(answer, context);
        await keep(response, context);
        return response;
      },
      encodeStream: (context) =>
        encodeStream(context, (response) => {
          const keeping = keep(response, context);
          if (keeping) context.waitUntil(keeping);
        }),
    },
    "count-tokens": { ...countTokens, decodeRequest },
  };
}

function refuseUnkept({ conversation, prompt }: Fields): void {
  if (conversation !== undefined && conversation !== null) {
    throw badRequest(
      "The model's upstream keeps no conversations: send previous_response_id, or all items.",
      "conversation",
    );
  }
  if (prompt !== undefined && prompt !== null) {
    throw badRequest(
      "The model's upstream keeps no prompt templates: send instructions and input.",
      "prompt",
    );
  }
}
