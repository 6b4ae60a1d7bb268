// The handler of the bare-h3 peers: forwards method, headers and body, and answers what came back.
import { H3 } from "h3";

const hopByHop = ["connection", "host", "keep-alive", "transfer-encoding"];

function forwarded(headers) {
  const kept = new Headers(headers);
  for (const name of hopByHop) kept.delete(name);
  return kept;
}

/** An h3 app that sends every call to the same path at `origin`. */
export function createApp(origin) {
  return new H3().all("/**", async (event) => {
    const answer = await fetch(origin + event.url.pathname + event.url.search, {
      method: event.req.method,
      headers: forwarded(event.req.headers),
      body: event.req.body,
      duplex: "half",
      signal: event.req.signal,
    });
    return new Response(answer.body, { status: answer.status, headers: forwarded(answer.headers) });
  });
}
