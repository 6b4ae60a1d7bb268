import * as runtime from "#runtime";

/** The client's address: the peer's, or what trusted proxies say of it; `""` when unknown. */
export function clientAddress(request: Request, isTrusted: (ip: string) => boolean): string {
  const peer = runtime.peerAddress(request);
  if (!peer || !isTrusted(peer)) return peer;
  const chain = request.headers.get("x-forwarded-for")?.split(",") ?? [];
  // From the right: the first hop that is no proxy of ours is the client.
  for (const hop of chain.toReversed()) {
    const address = hop.trim();
    if (!isTrusted(address)) return address;
  }
  return chain[0]?.trim() ?? peer;
}
