export { closeConnections, send } from "../transport/undici.ts";
export {
  attach,
  headerPairs,
  peerAddress,
  rawTarget,
  readBody,
  relayOf,
  respond,
  setHeaders,
  streamBody,
  watchClient,
} from "./web.ts";
export { tunnel } from "./upgrade.deno.ts";

export const name = "deno";
