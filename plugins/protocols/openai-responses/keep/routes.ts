import { badRequest, GatewayError, isFields } from "../../../../core/index.ts";
import type { Call, Fields, GatewayContext, Next } from "../../../../core/index.ts";
import { ours } from "../own.ts";
import { idCore } from "../response.ts";
import { asForeign, beforeIt, itemsGiven, itemsOf, withHistory } from "./history.ts";
import type { Kept, ResponseStore } from "./store.ts";

const encoder = new TextEncoder();

/**
 * Answers for the responses that are kept here: `GET`, `DELETE`, `…/input_items`, `…/cancel`. All others go to an
 * upstream that speaks this protocol, as do calls that go on from one of its own.
 */
export class KeptRoutes {
  readonly #gateway: GatewayContext;
  readonly #store: ResponseStore;

  constructor(gateway: GatewayContext, store: ResponseStore) {
    this.#gateway = gateway;
    this.#store = store;
  }

  /** A call about one response. */
  async about(call: Call, next: Next): Promise<Response> {
    const [, id = "", rest = ""] = /^\/v1\/responses\/([^/]+)(\/.*)?$/.exec(call.rest) ?? [];
    const kept = await this.#store.get(id, callerOf(call));
    if (!kept) {
      if (this.#isSpoken("stored-responses")) return next();
      throw new GatewayError(`Response with id '${id}' not found.`, { status: 404, code: "not_found" });
    }
    if (rest === "/input_items") return Response.json(await this.#inputItems(id, kept, call));
    if (rest === "/cancel") throw badRequest(`Response '${id}' is complete: it cannot be cancelled.`);
    if (call.method === "DELETE") {
      await this.#store.delete(id);
      return Response.json({ id, object: "response", deleted: true });
    }
    if (new URLSearchParams(call.search).get("stream") === "true") {
      throw badRequest("Only responses that run in the background can be streamed again.", "stream");
    }
    return Response.json(kept.response);
  }

  /**
   * A call that goes on from a response that is kept here may be served by an upstream of this protocol, which does not
   * know it: then the call brings all of its items itself.
   */
  async goOn(call: Call, next: Next): Promise<Response> {
    await call.inspect();
    const body = isFields(call.json) ? call.json : {};
    const { previous_response_id: previous } = body;
    if (typeof previous !== "string" || !this.#isSpoken("chat")) return next();
    const caller = callerOf(call);
    if (!(await this.#store.get(previous, caller))) return next();
    const { previous_response_id: _previous, ...whole } = (await withHistory(body, caller, this.#store)).body;
    const changed = { ...whole, input: asForeign(itemsOf(whole["input"])) };
    call.setBody(encoder.encode(JSON.stringify(changed)));
    return next();
  }

  /** Whether any upstream speaks this protocol for an operation. */
  #isSpoken(operation: string): boolean {
    return this.#gateway.upstreams.some(({ provider }) =>
      [provider.protocols[operation] ?? []].flat().includes(ours),
    );
  }

  /** A page of what a response was given: its own items, and those of the responses before it. */
  async #inputItems(id: string, kept: Kept, call: Call): Promise<Fields> {
    const query = new URLSearchParams(call.search);
    const limit = Number(query.get("limit") ?? 20);
    if (!Number.isInteger(limit) || limit < 1 || limit > 100)
      throw badRequest("limit must be 1 to 100.", "limit");
    const before = (await beforeIt(kept, callerOf(call), this.#store)) ?? [];
    const items = [...before, ...itemsGiven({ ...kept, response: {} })].map((item, at) =>
      listed(item, id, at),
    );
    if (query.get("order") !== "asc") items.reverse();
    const after = query.get("after");
    const from = after === null ? 0 : items.findIndex((item) => item["id"] === after) + 1;
    const data = items.slice(from, from + limit);
    const ends = { first_id: data[0]?.["id"] ?? null, last_id: data.at(-1)?.["id"] ?? null };
    return { object: "list", data, ...ends, has_more: from + limit < items.length };
  }
}

function callerOf({ caller }: Call): string {
  return caller?.name ?? "";
}

/** An item as the list has it: with an id, and its content as parts. */
function listed(item: Fields, responseId: string, at: number): Fields {
  const { role, content } = item;
  const prefix = typeof role === "string" ? "msg" : "item";
  const id = `${prefix}_${idCore(responseId.replace("resp_", ""))}i${at}`;
  if (typeof role !== "string") return { id, ...item };
  const type = role === "assistant" ? "output_text" : "input_text";
  const parts = typeof content === "string" ? [{ type, text: content }] : content;
  return { id, type: "message", status: "completed", ...item, content: parts };
}
