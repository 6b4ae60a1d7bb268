import { openExpiring } from "../state/expiring.ts";
import type { CallState } from "../call-state.ts";
import type { AssistantMessage, ChatMessage, ChatRequest, FunctionCall, ReasoningDetail } from "../chat.ts";
import type { ExpiringStore } from "../state/expiring.ts";
import type { State } from "../state/types.ts";

/** What a turn with tool calls must bring back to the upstream that made it, and what its client may have no place for. */
interface Remembered {
  details?: ReasoningDetail[];
  /** Thought signatures by the place of the tool call. */
  signatures?: (string | null)[];
}

/** A conversation that rests longer begins its reasoning anew. */
const ttl = 24 * 60 * 60 * 1000;
const maxEntries = 20_000;

const stores = new WeakMap<State, ExpiringStore<Remembered>>();

function storeOf({ gateway }: CallState): ExpiringStore<Remembered> {
  const known = stores.get(gateway.state);
  if (known) return known;
  const opened = openExpiring<Remembered>(gateway.state, { base: "reasoning:", ttl, maxEntries });
  stores.set(gateway.state, opened);
  return opened;
}

/** Of one caller: another's tool calls may have the same ids. */
function keyOf(call: CallState, id: string): string {
  return `${encodeURIComponent(call.caller?.name ?? "")}:${encodeURIComponent(id)}`;
}

/** Keeps the signed reasoning of an answer's messages under their first tool calls. Never rejects. */
export async function remember(call: CallState, messages: readonly AssistantMessage[]): Promise<void> {
  try {
    await Promise.all(messages.map((message) => keep(call, message)));
  } catch (error) {
    call.gateway.log.warn("A turn's reasoning could not be kept.", error);
  }
}

async function keep(call: CallState, message: AssistantMessage): Promise<void> {
  const [first] = message.tool_calls ?? [];
  if (!first) return;
  const details = message.reasoning_details?.filter(isSigned);
  const signatures = message.tool_calls?.map((one) => signatureOf(one as FunctionCall) ?? null);
  const signed = signatures?.some((signature) => signature !== null);
  if (!details?.length && !signed) return;
  const kept: Remembered = {
    ...(details?.length && { details }),
    ...(signed && signatures && { signatures }),
  };
  await storeOf(call).set(keyOf(call, first.id), kept);
}

function isSigned(detail: ReasoningDetail): boolean {
  return (
    detail.type === "reasoning.encrypted" || (detail.type === "reasoning.text" && Boolean(detail.signature))
  );
}

function signatureOf(call: FunctionCall): string | undefined {
  return call.extra_content?.google?.thought_signature;
}

/** Puts back what the client's protocol had no place for. */
export async function recall(call: CallState, request: ChatRequest): Promise<ChatRequest> {
  const lacking = request.messages.filter(lacks);
  if (lacking.length === 0) return request;
  const store = storeOf(call);
  const found = await Promise.all(
    // A state that is away costs the reasoning, not the call.
    lacking.map((message) =>
      store.get(keyOf(call, message.tool_calls?.[0]?.id ?? "")).catch(() => undefined),
    ),
  );
  const byMessage = new Map<ChatMessage, Remembered | undefined>(
    lacking.map((message, i) => [message, found[i]]),
  );
  const messages = request.messages.map((message) => {
    const kept = byMessage.get(message);
    return kept ? restore(message as AssistantMessage, kept) : message;
  });
  return { ...request, messages };
}

function lacks(message: ChatMessage): message is AssistantMessage {
  if (message.role !== "assistant" || !message.tool_calls?.length) return false;
  const carries = message.reasoning_details?.some(isSigned);
  return !carries && !message.tool_calls.some((one) => signatureOf(one as FunctionCall));
}

function restore(message: AssistantMessage, { details, signatures }: Remembered): AssistantMessage {
  const calls = message.tool_calls?.map((one, place) => {
    const signature = signatures?.[place];
    return signature && one.type === "function"
      ? { ...one, extra_content: { google: { thought_signature: signature } } }
      : one;
  });
  return { ...message, ...(details && { reasoning_details: details }), ...(calls && { tool_calls: calls }) };
}
