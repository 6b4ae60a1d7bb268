import { definePlugin, GatewayError, matcher } from "../../core/index.ts";
import type { Call, Next } from "../../core/index.ts";
import { withoutMember } from "./body-field.ts";
import { cacheKey } from "./key.ts";
import { cacheOptions } from "./options.ts";
import type { CacheOptions } from "./options.ts";
import { replay } from "./replay.ts";
import { isSound } from "./soundness.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";

/** What a call allows. */
interface Wish {
  read: boolean;
  store: boolean;
}

const nothing: Wish = { read: false, store: false };

/** What the request's `cache-control` allows. Source: RFC 9111 section 5.2.1. */
function wishOfHeader(header: string | null): Wish {
  if (header === null) return { read: true, store: true };
  const directives = header
    .toLowerCase()
    .split(",")
    .map((directive) => directive.trim());
  if (directives.includes("no-store")) return nothing;
  return { read: !directives.includes("no-cache"), store: true };
}

/** Reads the client's word on caching from the body and takes it out; undefined where there is none. */
function takeField(call: Call, field: string): boolean | undefined {
  const { json, body } = call;
  if (!body || typeof json !== "object" || json === null || !Object.hasOwn(json, field)) return undefined;
  const value = (json as Record<string, unknown>)[field];
  if (typeof value !== "boolean") {
    const message = `${field} must be a boolean.`;
    throw new GatewayError(message, { status: 400, code: "invalid_request", param: field });
  }
  call.setBody(new TextEncoder().encode(withoutMember(new TextDecoder().decode(body), field)));
  return value;
}

/** Stores the call's answer when it was sent whole. */
function keep(
  call: Call,
  key: string,
  store: Store,
  { maxSize, ttl }: CacheOptions,
): (response: Response) => void {
  let chunks: Uint8Array[] = [];
  let length = 0;
  call.tap((chunk) => {
    length += chunk.byteLength;
    if (length <= maxSize) chunks.push(chunk);
    else chunks = [];
  });
  return ({ status, headers }) => {
    const { answer } = call;
    if (status !== 200 || !answer) return;
    const contentType = headers.get("content-type") ?? undefined;
    const encoding = headers.get("content-encoding") ?? undefined;
    call.onFinish((outcome) => {
      if (outcome.result !== "complete" || outcome.error || length > maxSize) return undefined;
      const body = joined(chunks, length);
      if (!isSound(call, body)) return undefined;
      const storedAt = Date.now();
      const upstream = call.target?.upstream.name;
      const { streaming } = answer;
      const expires = storedAt + ttl;
      return store.set(key, { storedAt, expires, status, contentType, encoding, streaming, upstream, body });
    });
  };
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** Answers equal calls with the answer that was given before, byte for byte. */
export default definePlugin({
  name: "cache",
  options: cacheOptions,
  setup(options, gateway) {
    const store = openStore(gateway, options);
    const parts = new Set(options.key.filter((part) => part !== "key" || !options.shared));
    const vary = options.vary.map((name) => name.toLowerCase());
    const operations = new Set(options.operations);
    const byPath = options.paths && matcher(options.paths);
    const { bodyField } = options;

    const isCached = (call: Call): boolean =>
      (byPath ? byPath(call.path) : operations.has(call.operation)) &&
      (call.method === "POST" || call.method === "GET");

    function wishOf(call: Call): Wish {
      const wish = wishOfHeader(call.request.headers.get("cache-control"));
      const field = bodyField === undefined ? undefined : takeField(call, bodyField);
      return (field ?? options.default) ? wish : nothing;
    }

    async function answer(call: Call, next: Next): Promise<Response> {
      if (call.method === "POST") await call.inspect();
      const wish = wishOf(call);
      const key = isCached(call) && wish.store ? await cacheKey(call, parts, vary) : undefined;
      if (key === undefined) {
        if (isCached(call)) call.responseHeaders.push("x-sluice-cache", "bypass");
        return next();
      }
      const found = wish.read ? await store.get(key) : undefined;
      if (found && mayHave(call, found.upstream)) {
        const age = Math.max(0, Math.floor((Date.now() - found.storedAt) / 1000));
        call.responseHeaders.push("x-sluice-cache", "hit", "age", String(age));
        call.notes.set("cache", "hit");
        return replay(found);
      }
      call.responseHeaders.push("x-sluice-cache", "miss");
      const answered = keep(call, key, store, options);
      const response = await next();
      answered(response);
      return response;
    }

    return {
      stage: "cache",
      // The field is ours wherever it stands: no upstream knows it.
      middleware: (call, next) => (isCached(call) || bodyField !== undefined ? answer(call, next) : next()),
    };
  },
});

/** A caller is not served, from the cache either, by an upstream that it may not use. */
function mayHave({ caller }: Call, upstream: string | undefined): boolean {
  return !caller || upstream === undefined || caller.mayUseUpstream(upstream);
}
