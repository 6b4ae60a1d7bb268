// bare-h3-deno.ts PORT UPSTREAM_ORIGIN: the same h3 handler over Deno's fetch, served by Deno.serve.
import { createApp } from "./bare-h3-app.mjs";

const [port, origin] = Deno.args;
const app = createApp(origin);
Deno.serve({ port: Number(port), hostname: "127.0.0.1", onListen() {} }, (request) => app.fetch(request));
