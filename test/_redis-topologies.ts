import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { until } from "./_gateway.ts";
import { freePort, startRedis, type RedisServer } from "./_redis.ts";

type Defer = (close: () => Promise<void>) => void;

/** A Redis Cluster of three masters, and a replica of the one that has a key's slot. */
export interface RedisCluster {
  url: string;
  /** Of all nodes: `host:port`. */
  addresses: string[];
  /** Has the replica become the master of the slot, with the old one alive. */
  failOver(): Promise<void>;
}

const slots = 16_384;

/** @param key whose slot's master gets a replica */
export async function startCluster(key: string, defer: Defer): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 4 }, () => startNode(defer)));
  const [first, ...others] = nodes as [ClusterNode, ...ClusterNode[]];
  const masters = nodes.slice(0, 3);
  for (const [i, { admin }] of masters.entries()) {
    const from = Math.floor((slots * i) / 3);
    await admin.call("CLUSTER", "ADDSLOTSRANGE", from, Math.floor((slots * (i + 1)) / 3) - 1);
  }
  for (const { port, busPort } of others)
    await first.admin.call("CLUSTER", "MEET", "127.0.0.1", port, busPort);
  await until(async () => {
    const told = await Promise.all(
      nodes.map(({ admin }) => admin.call("CLUSTER", "INFO") as Promise<string>),
    );
    return told.every((text) => /cluster_state:ok/.test(text) && /cluster_known_nodes:4/.test(text));
  });
  const slot = Number(await first.admin.call("CLUSTER", "KEYSLOT", key));
  const owner = masters[Math.floor((slot * 3) / slots)]!;
  const replica = nodes[3]!;
  await replica.admin.call("CLUSTER", "REPLICATE", (await owner.admin.call("CLUSTER", "MYID")) as string);
  await until(async () => /master_link_status:up/.test(await replica.admin.info("replication")));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  return {
    addresses,
    url: `redis+cluster://${addresses.slice(0, 2).join(",")}`,
    async failOver() {
      let asked = Number.NEGATIVE_INFINITY;
      await until(async () => {
        if (/role:master/.test(await replica.admin.info("replication"))) return true;
        // It gives up after five seconds.
        if (performance.now() - asked > 8000) {
          asked = performance.now();
          // It refuses where it is the master by now.
          await replica.admin.call("CLUSTER", "FAILOVER").catch(() => {});
        }
        return false;
      });
    },
  };
}

interface ClusterNode {
  port: number;
  busPort: number;
  admin: Redis;
}

async function startNode(defer: Defer): Promise<ClusterNode> {
  const directory = await temporary(defer);
  const busPort = await freePort();
  const flags = ["--cluster-enabled", "yes", "--cluster-port", String(busPort), "--dir", directory];
  // Long, or nodes that a busy machine holds up would take each other for dead.
  const redis = await startRedis([...flags, "--cluster-node-timeout", "15000"]);
  defer(redis.kill);
  return { port: redis.port, busPort, admin: await admin(redis, defer) };
}

/** A master, a replica, and a sentinel that puts the one in the other's place. */
export interface SentinelSetup {
  url: string;
  master: RedisServer;
  replica: RedisServer;
}

export async function startSentinel(name: string, defer: Defer): Promise<SentinelSetup> {
  // Both write a file to hand the data over.
  const master = await startRedis(["--dir", await temporary(defer)]);
  defer(master.kill);
  const from = ["--replicaof", "127.0.0.1", String(master.port)];
  const replica = await startRedis([...from, "--dir", await temporary(defer)]);
  defer(replica.kill);
  const replicated = await admin(replica, defer);
  await until(async () => /master_link_status:up/.test(await replicated.info("replication")));
  const file = join(await temporary(defer), "sentinel.conf");
  const settings = [
    `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
    // Longer than a busy machine holds up a master that is there.
    `sentinel down-after-milliseconds ${name} 4000`,
    `sentinel failover-timeout ${name} 4000`,
  ];
  await writeFile(file, `${settings.join("\n")}\n`);
  const sentinel = await startRedis(["--sentinel"], file);
  defer(sentinel.kill);
  const watcher = await admin(sentinel, defer);
  await until(async () => {
    const replicas = (await watcher.call("SENTINEL", "REPLICAS", name)) as unknown[];
    return replicas.length === 1;
  });
  return { url: `redis+sentinel://127.0.0.1:${sentinel.port}/${name}`, master, replica };
}

/** A Redis behind TLS, with a certificate that no known authority signed. */
export interface TlsRedis {
  url: string;
  ca: string;
  cert: string;
  key: string;
}

export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

export async function startTlsRedis(defer: Defer): Promise<TlsRedis> {
  const directory = await temporary(defer);
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  const request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=sluice-test".split(" ");
  const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert];
  const made = spawnSync("openssl", [...request, ...names], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  const port = await freePort();
  const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
  const redis = await startRedis(["--tls-port", String(port), ...files]);
  defer(redis.kill);
  return { url: `rediss://127.0.0.1:${port}`, ca: cert, cert, key };
}

async function temporary(defer: Defer): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  defer(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function admin({ url }: RedisServer, defer: Defer): Promise<Redis> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on("error", () => {});
  await client.connect();
  defer(async () => client.disconnect());
  return client;
}
