import type { Endpoint, Operation, Protocol } from "./protocol.ts";
import type { Upstream } from "./upstream.ts";

/** What a path means. */
export interface Match {
  /** The prefix it stands under, `""` for the root; undefined for the gateway's own API. */
  prefix: string | undefined;
  /** The path after the prefix. */
  rest: string;
  endpoint: Endpoint | undefined;
  protocol: Protocol | undefined;
  operation: Operation;
}

/** @param headers The request's; without them it has none that an endpoint asks for. */
export type Router = (method: string, path: string, headers?: HeaderNames) => Match | undefined;

type HeaderNames = Pick<Headers, "has">;

/**
 * Reads paths: longer prefixes first, then the protocols' endpoints (where an upstream offers models),
 * then the root prefix.
 * @param others Further paths of endpoints, and theirs.
 */
export function createRouter(
  upstreams: readonly Upstream[],
  protocols: ReadonlyMap<string, Protocol>,
  others: ReadonlyMap<string, string> = new Map(),
): Router {
  const prefixes = [...new Set(upstreams.flatMap((upstream) => upstream.prefixes))]
    .filter((prefix) => prefix !== "")
    .sort((a, b) => b.length - a.length);
  const forwards = new Map(prefixes.map((prefix) => [prefix, forwardReader(prefix, upstreams, protocols)]));
  const root = upstreams.some((upstream) => upstream.prefixes.includes(""))
    ? forwardReader("", upstreams, protocols)
    : undefined;
  const own = upstreams.some(servesModels)
    ? endpointFinder([...protocols.values()], (endpoint) => endpoint.path)
    : undefined;

  return (method, path, headers) => {
    for (const prefix of prefixes) {
      if (path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === "/")) {
        return forwards.get(prefix)?.(method, path.slice(prefix.length), headers);
      }
    }
    const rest = others.get(path) ?? path;
    const found = own?.(method, rest, headers);
    if (found) {
      const { endpoint, protocol } = found;
      return { prefix: undefined, rest, endpoint, protocol, operation: endpoint.operation };
    }
    return root?.(method, path, headers);
  };
}

/** An upstream with a prefix and no models is there for forwarding only. */
export function servesModels(upstream: Upstream): boolean {
  return upstream.models.length > 0 || upstream.prefixes.length === 0;
}

/** Reads what comes under one prefix: the protocols of its upstreams recognise their endpoints there. */
function forwardReader(
  prefix: string,
  upstreams: readonly Upstream[],
  protocols: ReadonlyMap<string, Protocol>,
): (method: string, rest: string, headers?: HeaderNames) => Match {
  const behind = upstreams.filter((upstream) => upstream.prefixes.includes(prefix));
  const spoken = [...new Set(behind.flatMap((upstream) => Object.values(upstream.provider.protocols).flat()))]
    .map((name) => (name === undefined ? undefined : protocols.get(name)))
    .filter((protocol) => protocol !== undefined);
  // The version may stand in the base URL (`…/v1`, `…/api/paas/v4`) or in the path: either way the rest ends alike.
  const find = endpointFinder(spoken, (endpoint) => endpoint.path.replace(/^\/v\d\w*(?=\/)/, ""));
  return (method, rest, headers) => {
    const found = find(method, rest.replace(/^\/v\d\w*(?=\/)/, ""), headers);
    const protocol = found?.protocol ?? spoken[0];
    return {
      prefix,
      rest,
      endpoint: found?.endpoint,
      protocol,
      operation: found?.endpoint.operation ?? "forward",
    };
  };
}

interface Found {
  endpoint: Endpoint;
  protocol: Protocol;
}

/**
 * Finds an endpoint by method and path: exact ones in one look, those with `{model}` one after the other. Of several
 * with one path, the one whose header the request has; else the first that asks for none.
 */
function endpointFinder(
  protocols: readonly Protocol[],
  pathOf: (endpoint: Endpoint) => string,
): (method: string, path: string, headers?: HeaderNames) => Found | undefined {
  const exact = new Map<string, Found[]>();
  const patterns: (Found & { pattern: RegExp })[] = [];
  const all = protocols.flatMap((protocol) => protocol.endpoints.map((endpoint) => ({ endpoint, protocol })));
  for (const found of all.sort((a, b) => asksHeader(b) - asksHeader(a))) {
    const path = pathOf(found.endpoint);
    const key = `${found.endpoint.method} ${path}`;
    if (path.includes("{")) patterns.push({ ...found, pattern: pathPattern(path) });
    else exact.set(key, [...(exact.get(key) ?? []), found]);
  }
  return (method, path, headers) => {
    const taken = ({ endpoint: { header } }: Found): boolean =>
      header === undefined || headers?.has(header) === true;
    return (
      exact.get(`${method} ${path}`)?.find(taken) ??
      patterns.find((one) => one.endpoint.method === method && one.pattern.test(path) && taken(one))
    );
  };
}

function asksHeader({ endpoint }: Found): number {
  return endpoint.header === undefined ? 0 : 1;
}

/** `/v1/models/{model}` as a pattern; the name may hold anything, slashes too, but no colon where one comes behind it. */
function pathPattern(path: string): RegExp {
  const escaped = path.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  const source = escaped.replace(/\{\w+\}(?=:)/g, "[^:]+").replace(/\{\w+\}/g, ".+");
  return new RegExp(`^${source}$`);
}

/** Plain, percent-encoded, or encoded more than once. */
const dot = String.raw`(?:\.|%(?:25)*2e)`;
const separator = String.raw`(?:\/|\\|%(?:25)*2f|%(?:25)*5c)`;
const dotSegment = new RegExp(`(?:^|${separator})${dot}{1,2}(?:${separator}|;|%(?:25)*3b|$)`, "i");
/** Backslashes and control characters; `%u…` and UTF-8 of needless length, which some servers take for a dot or a slash. */
// eslint-disable-next-line no-control-regex -- these are the characters to refuse
const neverInPath = /[\u0000-\u0020\u007f\\]|%(?:25)*(?:00|0a|0d|u|c[01])/i;

/**
 * True for a path that could mean another place to the upstream than it does to us: dot segments
 * (plain or encoded, even twice), backslashes, control characters. Such a call is refused, not cleaned.
 */
export function isTreacherous(path: string): boolean {
  return neverInPath.test(path) || dotSegment.test(path);
}
