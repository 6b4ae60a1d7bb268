import { readFile } from "node:fs/promises";
import type { RedisOptions } from "ioredis";
import { clusterConnector } from "./redis-cluster.node.ts";
import { DISCONNECT_TIMEOUT, type Backoff } from "./redis-link.ts";
import type { RedisAddress } from "./redis-address.ts";
import type { StateOptions } from "./types.ts";

/**
 * What ioredis is told, whichever kind of Redis it is.
 * @param prefix what every key begins with
 * @throws Error, naming the option, when a file of `state.tls` cannot be read
 */
export async function clientOptions(
  address: RedisAddress,
  { commandTimeout = 250, tls }: StateOptions,
  prefix: string,
  backoff: Backoff,
): Promise<RedisOptions> {
  const { username, password, db } = address;
  const connectTimeout = Math.max(1000, commandTimeout * 4);
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    db,
    ...(address.tls && { tls: await readFiles(tls) }),
    connectTimeout,
    sentinelCommandTimeout: connectTimeout,
    disconnectTimeout: DISCONNECT_TIMEOUT,
    maxLoadingRetryTime: 1000,
    keepAlive: 30_000,
    disableClientInfo: true,
    retryStrategy: backoff.next,
    // Nothing is sent later than asked: what fails is done here at once, and doing it twice would count twice.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    ...(await whereabouts(address, tls, prefix, backoff)),
  };
}

async function whereabouts(
  { kind, hosts, master, sentinelPassword, tls: encrypted }: RedisAddress,
  tls: StateOptions["tls"],
  prefix: string,
  backoff: Backoff,
): Promise<RedisOptions> {
  if (kind === "cluster") return { Connector: clusterConnector(hosts, prefix) };
  if (kind === "single") return { ...hosts[0] };
  return {
    sentinels: [...hosts],
    name: master!,
    role: "master",
    sentinelRetryStrategy: backoff.next,
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(encrypted && { enableTLSForSentinelMode: true, sentinelTLS: await readFiles(tls) }),
  };
}

/** PEM files by the names that Node's TLS has for them. */
async function readFiles(files: StateOptions["tls"] = {}): Promise<Record<string, string>> {
  const read = Object.entries(files).map(async ([name, path]): Promise<[string, string]> => {
    try {
      return [name, await readFile(path, "utf8")];
    } catch (error) {
      throw new Error(`state.tls.${name}: cannot read ${path}`, { cause: error });
    }
  });
  return Object.fromEntries(await Promise.all(read));
}
