// bare-node.mjs PORT UPSTREAM_ORIGIN: node:http in front of an undici Pool, both bodies piped.
import { createServer } from "node:http";
import { Pool } from "undici";

const [port, origin] = process.argv.slice(2);
const pool = new Pool(origin);
const hopByHop = new Set(["connection", "host", "keep-alive", "transfer-encoding"]);

function forwarded(headers) {
  const kept = {};
  for (const name in headers) if (!hopByHop.has(name)) kept[name] = headers[name];
  return kept;
}

const server = createServer(async (request, response) => {
  try {
    const answer = await pool.request({
      method: request.method,
      path: request.url,
      headers: forwarded(request.headers),
      body: request,
    });
    response.writeHead(answer.statusCode, forwarded(answer.headers));
    answer.body.on("error", () => response.destroy());
    response.on("close", () => answer.body.destroy());
    answer.body.pipe(response);
  } catch (error) {
    if (!response.headersSent) response.writeHead(502);
    response.end(String(error));
  }
});
server.listen(Number(port), "127.0.0.1");
