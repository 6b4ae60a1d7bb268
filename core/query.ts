import { GatewayError } from "./errors.ts";

/**
 * The model that a query (`?…` or `""`) asks for; undefined when it names none.
 * @throws GatewayError 400 for more than one: an upstream might take another than we do.
 */
export function readModelQuery(search: string): string | undefined {
  const [model, ...more] = new URLSearchParams(search).getAll("model");
  if (more.length === 0) return model || undefined;
  const message = "The parameter model must be given once.";
  throw new GatewayError(message, { status: 400, code: "invalid_request", param: "model" });
}

/** The query with another model, added where there was none; every other byte stays as it was. */
export function replaceModelQuery(search: string, model: string): string {
  const replaced = `model=${encodeURIComponent(model)}`;
  const parts = search.length < 2 ? [] : search.slice(1).split("&");
  const at = parts.findIndex((part) => new URLSearchParams(part).has("model"));
  if (at < 0) parts.push(replaced);
  else parts[at] = replaced;
  return `?${parts.join("&")}`;
}
