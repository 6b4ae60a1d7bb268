import { Ajv } from "ajv";
import type { ErrorObject, ValidateFunction } from "ajv";
import { schemasOfRequests } from "./generate.ts";
import type { ShapeName } from "./generate.ts";

const validators = new Map<ShapeName, ValidateFunction>();

/** Makes the schemas, once in a process: it takes some seconds in which nothing else runs. */
export function prepareShapes(): void {
  if (validators.size > 0) return;
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  for (const [name, schema] of Object.entries(schemasOfRequests())) {
    validators.set(name as ShapeName, ajv.compile(schema));
  }
}

/** What in a body is not as the service's SDK types it; undefined where all is. */
export function wrongIn(shape: ShapeName, body: unknown): string | undefined {
  prepareShapes();
  const validate = validators.get(shape);
  if (!validate) throw new Error(`There is no schema ${shape}.`);
  return validate(body) ? undefined : told(validate.errors ?? []);
}

/** Of the many errors of unions, those of the member that came farthest. */
function told(errors: readonly ErrorObject[]): string {
  const depthOf = ({ instancePath }: ErrorObject): number => instancePath.split("/").length;
  const deepest = Math.max(...errors.map(depthOf));
  const lines = errors
    .filter((error) => depthOf(error) === deepest)
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
  return [...new Set(lines)].slice(0, 8).join("; ");
}
