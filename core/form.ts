import { badRequest } from "./errors.ts";
import type { Fields } from "./fields.ts";

/** True for a body that is JSON where a form may be expected. */
export function isJsonBody(contentType: string | null): boolean {
  return contentType !== null && /^application\/json\b/i.test(contentType);
}

/** Reads a multipart body. Rejects with a 400 GatewayError when it is none. */
export async function readForm(body: Uint8Array, contentType: string | null): Promise<FormData> {
  if (!contentType || !/^multipart\/form-data\b/i.test(contentType)) {
    throw badRequest("The request body must be multipart/form-data.");
  }
  try {
    const headers = { "content-type": contentType };
    return await new Response(body as Uint8Array<ArrayBuffer>, { headers }).formData();
  } catch {
    throw badRequest("The request body is not valid multipart/form-data.");
  }
}

/**
 * The text fields of a form as a protocol reads those of a JSON body; `true` and `false` become booleans.
 * Throws a 400 GatewayError for more than one model: an upstream might take another than we do.
 */
export function formFields(form: FormData): Fields {
  if (form.getAll("model").length > 1) throw badRequest("The field model must be given once.", "model");
  const fields: Fields = {};
  for (const [name, value] of form) {
    if (typeof value === "string")
      fields[name] = value === "true" || value === "false" ? value === "true" : value;
  }
  return fields;
}

/** The form with another model's name, and the content type that goes with it. */
export async function renameInForm(
  form: FormData,
  model: string,
): Promise<{ body: Uint8Array; contentType: string }> {
  const renamed = new FormData();
  for (const [name, value] of form) {
    if (typeof value === "string") renamed.append(name, name === "model" ? model : value);
    else renamed.append(name, value, value.name);
  }
  const written = new Response(renamed);
  const contentType = written.headers.get("content-type") ?? "";
  return { body: new Uint8Array(await written.arrayBuffer()), contentType };
}
