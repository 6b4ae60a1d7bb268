/** nginx in its two parts: as the upstream of the chat load, and as a peer. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chatAnswer } from "./payloads.ts";
import { scratch, which } from "./processes.ts";

/** The path of nginx, or undefined where it is not installed. */
export function findNginx(): string | undefined {
  return which("nginx");
}

/** The command of an nginx that answers every call with the small chat answer. */
export function nginxUpstream(path: string, port: number): string[] {
  return nginx(
    path,
    `nginx-upstream-${port}`,
    `
  server {
    listen 127.0.0.1:${port};
    location / {
      default_type application/json;
      return 200 '${chatAnswer}';
    }
  }`,
  );
}

/** The command of an nginx that passes every call on over kept-alive connections. */
export function nginxProxy(path: string, port: number, upstream: number): string[] {
  return nginx(
    path,
    `nginx-proxy-${port}`,
    `
  upstream origin {
    server 127.0.0.1:${upstream};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }`,
  );
}

function nginx(path: string, name: string, servers: string): string[] {
  const home = join(scratch, name);
  mkdirSync(home, { recursive: true });
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((one) => `  ${one}_temp_path ${home}/${one};`)
    .join("\n");
  const file = join(home, "nginx.conf");
  writeFileSync(
    file,
    `daemon off;
worker_processes 1;
pid ${home}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
${paths}${servers}
}
`,
  );
  return [path, "-p", home, "-e", "stderr", "-c", file];
}
