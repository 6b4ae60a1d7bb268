import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, Redis, type RedisOptions } from "ioredis";
import type { RedisHost } from "./redis-address.ts";

/** ms between two rounds of asking who the master is. */
const PAUSE = 250;

type Emit = (type: string, error: Error) => void;
type Stream = ReturnType<typeof connect> | ReturnType<typeof connectTls>;

/**
 * For ioredis: connects to that master of a Redis Cluster which has the slot of a key, and finds it anew for each
 * connection. All keys of a gateway lie in one slot, as a take must be atomic over its windows; so one connection is
 * enough, and after a failover or a move of the slot it is made again, as after an outage. No command is ever sent
 * twice, as a cluster client would: it might count twice.
 * @param seeds nodes of the cluster to ask at first
 * @param key a key of that slot
 */
export function clusterConnector(
  seeds: readonly RedisHost[],
  key: string,
): new (options: unknown) => AbstractConnector {
  return class ClusterConnector extends AbstractConnector {
    readonly #options: RedisOptions;
    #known: readonly RedisHost[] = seeds;

    constructor(options: unknown) {
      super((options as RedisOptions).disconnectTimeout ?? 2000);
      this.#options = options as RedisOptions;
    }

    async connect(emit: Emit): Promise<Stream> {
      this.connecting = true;
      for (;;) {
        const master = await this.#find(emit);
        if (!this.connecting) throw new Error("Connection is closed.");
        if (master) return this.#open(master);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }

    #open(master: RedisHost): Stream {
      const { tls } = this.#options;
      const stream = tls ? connectTls({ ...master, ...tls }) : connect({ ...master });
      stream.once("error", (error) => (this.firstError = error));
      this.stream = stream;
      return stream;
    }

    /** Never rejects: ioredis would give up for ever. */
    async #find(emit: Emit): Promise<RedisHost | undefined> {
      let failure: unknown;
      // The seeds come last: names in a configuration outlive addresses.
      for (const host of new Set([...this.#known, ...seeds])) {
        if (!this.connecting) return undefined;
        try {
          const { master, nodes } = await ask(host, key, this.#options);
          this.#known = nodes;
          return master;
        } catch (error) {
          failure = error;
        }
      }
      const reason = failure instanceof Error ? failure.message : String(failure);
      if (this.connecting) emit("error", new Error(`no node tells who has the slot: ${reason}`));
      return undefined;
    }
  };
}

/** Asks one node of a cluster who the master of a key's slot is, and which nodes there are. */
async function ask(
  node: RedisHost,
  key: string,
  { username, password, tls, connectTimeout }: RedisOptions,
): Promise<{ master: RedisHost; nodes: RedisHost[] }> {
  const client = new Redis({
    ...node,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
    ...(connectTimeout !== undefined && { connectTimeout, commandTimeout: connectTimeout }),
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let failure: Error | undefined;
  client.on("error", (error: Error) => (failure ??= error));
  try {
    await client.connect();
    const [slot, ranges] = await Promise.all([
      client.call("CLUSTER", "KEYSLOT", key),
      client.call("CLUSTER", "SLOTS"),
    ]);
    return readSlots(ranges, Number(slot), node);
  } catch (error) {
    throw failure ?? error;
  } finally {
    client.disconnect();
  }
}

/**
 * Reads the answer to CLUSTER SLOTS: `[first, last, [host, port, …] of the master, … of replicas]` a range.
 * Throws where nobody has the slot.
 */
function readSlots(ranges: unknown, slot: number, asked: RedisHost) {
  const all = (ranges as [number, number, ...[string | null, number][]][]).map(([first, last, ...nodes]) => ({
    serves: first <= slot && slot <= last,
    // A node that does not know its own name is the one that was asked.
    nodes: nodes.map(([host, port]) => ({ host: host || asked.host, port })),
  }));
  const master = all.find(({ serves }) => serves)?.nodes[0];
  if (!master) throw new Error(`no node has slot ${slot}`);
  const unique = new Map(all.flatMap(({ nodes }) => nodes).map((one) => [`${one.host} ${one.port}`, one]));
  return { master, nodes: [...unique.values()] };
}
