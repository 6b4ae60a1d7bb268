export { closeConnections, send } from "../transport/undici.ts";
export { afterwards, defer } from "./defer.node.ts";
export { fetchPublic } from "./fetch-public.node.ts";
export { unpack } from "./unpack.node.ts";
export {
  attach,
  headerPairs,
  peerAddress,
  rawTarget,
  readBody,
  respond,
  setHeaders,
  streamBody,
  watchClient,
} from "./web.ts";
export { relayOf, tunnel } from "./upgrade.deno.ts";

export const name = "deno";
