import { badRequest, ownExtensions } from "../../../core/index.ts";

/** The protocol's name, under which its own things stand in the neutral shapes. */
export const cohere = "cohere";

export const { ownOf, asOwn } = ownExtensions(cohere);

export function optionalNumber(value: unknown, param: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number") return value;
  throw badRequest(`${param} must be a number.`, param);
}
