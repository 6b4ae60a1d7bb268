import { base64ToBytes, textToBase64 } from "./base64.ts";
import { isFields, parseFields } from "./fields.ts";
import type { FunctionCall, ReasoningDetail } from "./chat.ts";

type ExtraContent = NonNullable<FunctionCall["extra_content"]>;

/**
 * What a client carries to its next turn for an upstream of another vendor: reasoning with its signatures, and
 * signatures of tool calls. It stands where the client's protocol has a text that clients give back as it is. It is
 * neither secret nor signed: the vendor's own signature inside is what the vendor checks.
 */
export interface CarriedReasoning {
  details: ReasoningDetail[];
  /** By call id. */
  calls: Record<string, ExtraContent>;
}

const version = 1;
/** Base64 of `{"sluice":1,`, with which what is sealed in this version begins: twelve bytes are sixteen characters, whatever follows. */
const beginning = textToBase64(`{"sluice":${version},`);
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Base64 of JSON that says what it is: `{ sluice: 1, details, calls }`. */
export function sealReasoning({ details, calls }: CarriedReasoning): string {
  return textToBase64(JSON.stringify({ sluice: version, details, calls }));
}

/** What was sealed; undefined for anything else, a vendor's own signature above all. */
export function unsealReasoning(text: unknown): CarriedReasoning | undefined {
  if (typeof text !== "string" || !text.startsWith(beginning)) return undefined;
  let json: string;
  try {
    // Clients that keep bytes may write the other alphabet, and leave the end away.
    json = decoder.decode(base64ToBytes(text.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return undefined;
  }
  const { details, calls } = parseFields(json) ?? {};
  if (!Array.isArray(details) || !isFields(calls)) return undefined;
  const named = Object.entries(calls).filter(([, extra]) => isFields(extra));
  return {
    details: details.filter(isDetail),
    calls: Object.fromEntries(named) as CarriedReasoning["calls"],
  };
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
