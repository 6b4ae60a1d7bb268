import { isFields, parseFields } from "../../../core/index.ts";
import type { FunctionCall, ReasoningDetail } from "../../../core/index.ts";

type ExtraContent = NonNullable<FunctionCall["extra_content"]>;

/**
 * What a client of this protocol carries to its next turn for an upstream of another vendor: reasoning with its
 * signatures, and signatures of tool calls. It stands in a reasoning item's `encrypted_content`, which clients give
 * back as it is. It is neither secret nor signed: the vendor's own signature inside is what the vendor checks.
 */
export interface Carried {
  details: ReasoningDetail[];
  /** By call id. */
  calls: Record<string, ExtraContent>;
}

const version = 1;
/** Base64 of `{"sluice":1,`, which is where an envelope of this version begins. */
const beginning = btoa(`{"sluice":${version},`);

/** Base64 of JSON that says what it is: `{ sluice: 1, details, calls }`. */
export function seal({ details, calls }: Carried): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ sluice: version, details, calls }));
  let binary = "";
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(binary);
}

/** What an envelope holds; undefined for what is none of ours, OpenAI's own encrypted reasoning above all. */
export function unseal(text: unknown): Carried | undefined {
  if (typeof text !== "string" || !text.startsWith(beginning)) return undefined;
  let json: string;
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    json = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
  const { details, calls } = parseFields(json) ?? {};
  if (!Array.isArray(details) || !isFields(calls)) return undefined;
  const named = Object.entries(calls).filter(([, extra]) => isFields(extra));
  return { details: details.filter(isDetail), calls: Object.fromEntries(named) as Carried["calls"] };
}

/** The member of each kind of detail that must be text. */
const told = {
  "reasoning.text": "text",
  "reasoning.summary": "summary",
  "reasoning.encrypted": "data",
} as const;

function isDetail(value: unknown): value is ReasoningDetail {
  if (!isFields(value) || typeof value["type"] !== "string") return false;
  const member = Object.hasOwn(told, value["type"]) ? told[value["type"] as keyof typeof told] : undefined;
  return member !== undefined && typeof value[member] === "string";
}
