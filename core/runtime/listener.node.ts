import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { NodeRequest, sendNodeResponse } from "srvx/node";
import { RelayedResponse } from "./answer.node.ts";
import { Client } from "./client.node.ts";

/**
 * What a Node server does with a request: srvx's light Request goes in, and an answer that nobody turned into a
 * web stream writes itself. srvx's own handler serves a gateway as well; this one spares a call some listeners
 * and promises.
 * @param fetch A gateway's; it never rejects.
 */
export function requestListener(fetch: (request: Request) => Promise<Response>): RequestListener {
  return (req: IncomingMessage, res: ServerResponse) => {
    const client = new Client(req, res);
    fetch(new NodeRequest(client)).then(
      (response) => answer(client, response),
      () => res.destroy(),
    );
  };
}

function answer(client: Client, response: Response): void {
  const { req, res } = client;
  try {
    // HTTP/2 has no reason phrase; srvx knows.
    if (response instanceof RelayedResponse && response.untouched && req.httpVersionMajor < 2) {
      response.writeTo(client);
    } else {
      sendNodeResponse(res, response).catch(() => res.destroy());
    }
  } catch {
    res.destroy();
  }
}
