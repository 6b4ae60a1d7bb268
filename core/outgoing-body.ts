import * as runtime from "#runtime";
import { renameInForm } from "./form.ts";
import { setHeader } from "./headers.ts";
import { replaceTopLevelString } from "./json.ts";
import { requestJson } from "./translate/neutral-request.ts";
import { encodeRequest } from "./translate/translation.ts";
import type { CallState } from "./call-state.ts";
import type { Fields } from "./fields.ts";
import type { Attempted } from "./provider.ts";
import type { HeaderPairs } from "./transport/types.ts";
import type { Translation } from "./translate/contexts.ts";
import type { Target } from "./upstream.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The body for the upstream: translated, changed by its provider, or the client's as it came; null where there is none. */
export function outgoingBody(
  call: CallState,
  attempted: Attempted,
  translation: Translation | undefined,
): Uint8Array | AsyncIterable<Uint8Array> | null {
  const { target } = attempted;
  if (translation) {
    const body = encodeRequest(call, translation);
    return encoder.encode(JSON.stringify(adapted(body, attempted) ?? body));
  }
  if (call.body) {
    const body = isAdapted(attempted) ? adapted(renamedBody(call, target), attempted) : undefined;
    if (body) return encoder.encode(JSON.stringify(body));
    if (target.model === undefined || target.model === call.askedModel) return call.body;
    return encoder.encode(replaceTopLevelString(decoder.decode(call.body), "model", target.model));
  }
  const stream = runtime.streamBody(call.request, call.gateway.server.requestTimeout);
  if (!stream) return null;
  return {
    // Not before there is a connection to write it to.
    [Symbol.asyncIterator]() {
      call.bodySpent = true;
      return stream[Symbol.asyncIterator]();
    },
  };
}

/** What is forwarded under a prefix passes as it is. */
function isAdapted({ call, target }: Attempted): boolean {
  if (call.prefix !== undefined) return false;
  return target.upstream.provider.adapt !== undefined || call.gateway.adapters.length > 0;
}

/** A body as its provider and the plugins want it; undefined where none of them changed it. */
function adapted(body: Fields, attempted: Attempted): Fields | undefined {
  let changed = attempted.target.upstream.provider.adapt?.(body, attempted);
  for (const adapt of attempted.call.gateway.adapters) changed = adapt(changed ?? body, attempted) ?? changed;
  return changed;
}

/** A form goes as it came, but for the upstream's own name of the model. */
export async function outgoingForm(
  call: CallState,
  { model }: Target,
  headers: HeaderPairs,
): Promise<Uint8Array | null> {
  if (!call.form || !call.body) return null;
  if (model === undefined || model === call.askedModel) return call.body;
  const { body, contentType } = await renameInForm(call.form, model);
  setHeader(headers, "content-type", contentType);
  return body;
}

/** The client's JSON with the upstream's own name of the model, where it names one. */
function renamedBody(call: CallState, { model }: Target): Fields {
  const body = requestJson(call);
  return typeof body["model"] === "string" && model !== undefined ? { ...body, model } : body;
}
