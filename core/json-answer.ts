import { badAnswer } from "./errors.ts";
import { isFields } from "./fields.ts";
import { readWhole } from "./transport/body.ts";
import type { Fields } from "./fields.ts";
import type { WireBody } from "./transport/types.ts";

const decoder = new TextDecoder();

/**
 * The JSON object that an upstream answered with. Rejects as `readWhole` does, and with a 502 GatewayError for
 * anything else.
 * @param limit The most bytes that it may have.
 * @param member The member under which a bare list becomes an object; without it a list is refused.
 */
export async function readJsonObject(body: WireBody, limit: number, member?: string): Promise<Fields> {
  const bytes = await readWhole(body, limit);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw badAnswer("it is not JSON", error);
  }
  if (member !== undefined && Array.isArray(value)) return { [member]: value };
  if (!isFields(value)) throw badAnswer("it is no JSON object");
  return value;
}
