import { ownExtensions } from "../../../core/index.ts";

/** The protocol's name; what only it can say stands under it in the neutral shapes' `extensions`. */
export const ours = "openai-responses";

export const { ownOf, asOwn } = ownExtensions(ours);

/** An object without its undefined members. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}
