// bare-h3.mjs PORT UPSTREAM_ORIGIN: one h3 handler over the platform's fetch, served by Node.
import { serve } from "h3";
import { createApp } from "./bare-h3-app.mjs";

const [port, origin] = process.argv.slice(2);
serve(createApp(origin), { port: Number(port), hostname: "127.0.0.1", silent: true });
