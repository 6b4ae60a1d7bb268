import type { Operation, Protocol } from "../protocol.ts";
import type { Upstream } from "../upstream.ts";

/** What is known of a call where it is asked who could serve it. */
export interface SpokenFor {
  readonly operation: Operation;
  /** The client's protocol. */
  readonly protocol: Protocol | undefined;
}

/** The protocols that an upstream speaks for an operation and one of its models, by name. */
function spokenBy(upstream: Upstream, operation: Operation, model: string | undefined): readonly string[] {
  const { provider } = upstream;
  const byModel = model === undefined ? undefined : provider.protocolsFor?.(operation, model, upstream);
  return byModel ?? [provider.protocols[operation] ?? []].flat();
}

/**
 * The protocol that a call is sent to an upstream in: the client's own where the upstream speaks it, else the first
 * that the call can be translated to; undefined where there is none.
 * @param model The upstream's own name of the model.
 */
export function spokenProtocol(
  { operation, protocol }: SpokenFor,
  upstream: Upstream,
  model: string | undefined,
  protocols: ReadonlyMap<string, Protocol>,
): Protocol | undefined {
  if (!protocol) return undefined;
  const { provider } = upstream;
  // The usual case, for which no list is made: this is asked for each attempt.
  const usual = provider.protocolsFor ? undefined : provider.protocols[operation];
  if (usual === protocol.name || (Array.isArray(usual) && usual.includes(protocol.name))) return protocol;
  const spoken = spokenBy(upstream, operation, model);
  if (spoken.includes(protocol.name)) return protocol;
  if (!codecFor(protocol, operation)) return undefined;
  return spoken.map((name) => protocols.get(name)).find((other) => other && codecFor(other, operation));
}

/** What a protocol translates for an operation, whichever it is. */
export function codecFor(protocol: Protocol, operation: Operation): object | undefined {
  return protocol.codecs?.[operation as keyof NonNullable<Protocol["codecs"]>];
}

/** The operations that the gateway itself answers where an upstream has no answer: it counts what a model would be sent. */
function answeredHere({ operation, protocol }: SpokenFor): boolean {
  return (
    operation === "count-tokens" && protocol !== undefined && codecFor(protocol, operation) !== undefined
  );
}

/** Whether an upstream can serve a call, in its client's protocol or translated. */
export function serves(
  call: SpokenFor,
  upstream: Upstream,
  model: string | undefined,
  protocols: ReadonlyMap<string, Protocol>,
): boolean {
  if (spokenProtocol(call, upstream, model, protocols)) return true;
  return answeredHere(call) && spokenBy(upstream, "chat", model).length > 0;
}
