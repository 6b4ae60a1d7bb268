import type { CallState } from "../call-state.ts";
import type { Endpoint, Operation, Protocol } from "../protocol.ts";
import type { Target } from "../upstream.ts";

const placeholder = "{model}";

/** The endpoint of an upstream's protocol that an operation goes to. */
export function endpointFor(protocol: Protocol, operation: Operation, stream: boolean): Endpoint | undefined {
  const fitting = protocol.endpoints.filter((one) => one.operation === operation && one.method === "POST");
  return fitting.find((one) => (one.stream ?? false) === stream) ?? fitting[0];
}

/** An endpoint's path with a model's name in its place. */
export function fillPath({ path }: Endpoint, model: string): string {
  return path.replace(placeholder, () => encodeURIComponent(model).replaceAll("%3A", ":"));
}

/** The path of a call that is not translated: the client's, with the upstream's own name of the model where it holds one. */
export function ownPath({ rest, prefix, endpoint, askedModel }: CallState, { model }: Target): string {
  const renamed = model !== undefined && model !== askedModel;
  if (!renamed || prefix !== undefined || !endpoint || !endpoint.path.includes(placeholder)) return rest;
  return fillPath(endpoint, model);
}
