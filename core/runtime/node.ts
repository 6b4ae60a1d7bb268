export { attach, relayOf, respond, setHeaders } from "./answer.node.ts";
export { requestListener } from "./listener.node.ts";
export { headerPairs, peerAddress, rawTarget, readBody, streamBody, watchClient } from "./request.node.ts";
export { closeConnections, send } from "../transport/undici.ts";
export { afterwards, defer } from "./defer.node.ts";
export { fetchPublic } from "./fetch-public.node.ts";
export { unpack } from "./unpack.node.ts";
export { tunnel, upgradeListener } from "./upgrade.node.ts";

export const name = "node";
