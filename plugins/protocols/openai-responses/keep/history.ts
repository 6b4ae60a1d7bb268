import { badRequest, GatewayError, isFields, unsealReasoning } from "../../../../core/index.ts";
import type { Fields } from "../../../../core/index.ts";
import type { Kept, ResponseStore } from "./store.ts";

/** What stood before a request, and the request with all of it. */
export interface WithHistory {
  body: Fields;
  /** Ids of the responses before it, oldest first. */
  chain: string[];
  /** Its own items. */
  input: Fields[];
}

/** A request's input as items. */
export function itemsOf(input: unknown): Fields[] {
  if (typeof input === "string") return [{ role: "user", content: input }];
  return Array.isArray(input) ? input.filter(isFields) : [];
}

/**
 * A request with the items that it only refers to: those of the response that it goes on from, and of those before it,
 * and single ones. Rejects with a 400 GatewayError for what is not kept.
 */
export async function withHistory(body: Fields, caller: string, store: ResponseStore): Promise<WithHistory> {
  const { previous_response_id: previous, input } = body;
  const own = Array.isArray(input) ? await resolveReferences(itemsOf(input), caller, store) : itemsOf(input);
  if (previous === undefined || previous === null) {
    const isChanged = Array.isArray(input) && own.some((item, at) => item !== input[at]);
    return { body: isChanged ? { ...body, input: own } : body, chain: [], input: own };
  }
  if (typeof previous !== "string") {
    throw badRequest("previous_response_id must be a string.", "previous_response_id");
  }
  const kept = await store.get(previous, caller);
  const before = kept && (await beforeIt(kept, caller, store));
  if (!kept || !before) throw notFound(previous);
  return {
    body: { ...body, input: [...before, ...itemsGiven(kept), ...own] },
    chain: [...kept.chain, previous],
    input: own,
  };
}

/** The items of all responses before one; undefined where one of them is gone. */
export async function beforeIt(
  kept: Kept,
  caller: string,
  store: ResponseStore,
): Promise<Fields[] | undefined> {
  const found = await Promise.all(kept.chain.map((id) => store.get(id, caller)));
  return found.every((one) => one !== undefined) ? found.flatMap(itemsGiven) : undefined;
}

/** What a response was given, and what it gave. */
export function itemsGiven({ input, response }: Kept): Fields[] {
  return [...input, ...outputOf(response)];
}

function outputOf({ output }: Fields): Fields[] {
  return Array.isArray(output) ? output.filter(isFields) : [];
}

function notFound(id: string): GatewayError {
  return new GatewayError(`Previous response with id '${id}' not found.`, {
    status: 400,
    code: "previous_response_not_found",
    param: "previous_response_id",
  });
}

/** An item's id as this gateway makes it: its response's, and its place. */
const madeHere = /^[a-z]+_([0-9a-f]{32})\d+$/;

/** Some clients name the items that they were given instead of sending them again. */
async function resolveReferences(items: Fields[], caller: string, store: ResponseStore): Promise<Fields[]> {
  const responses = new Map<string, Promise<Kept | undefined>>();
  const find = async (id: string): Promise<Fields> => {
    const [, core = ""] = madeHere.exec(id) ?? [];
    const response = responses.get(core) ?? store.get(`resp_${core}`, caller);
    responses.set(core, response);
    const kept = await response;
    const item = kept && outputOf(kept.response).find((one) => one["id"] === id);
    if (!item) throw badRequest(`Item with id '${id}' not found.`, "input");
    return item;
  };
  return Promise.all(items.map((item) => (isReference(item) ? find(String(item["id"])) : item)));
}

function isReference({ type, role, id }: Fields): boolean {
  return (
    typeof id === "string" &&
    (type === "item_reference" || ((type === undefined || type === null) && role === undefined))
  );
}

/** Items that were made here as an upstream of this protocol takes them: it knows neither our ids nor others' reasoning. */
export function asForeign(items: readonly Fields[]): Fields[] {
  return items
    .filter(
      ({ type, encrypted_content }) =>
        type !== "reasoning" || (encrypted_content !== undefined && !unsealReasoning(encrypted_content)),
    )
    .map((item) => {
      const { id: _id, status: _status, ...rest } = item;
      return rest;
    });
}
