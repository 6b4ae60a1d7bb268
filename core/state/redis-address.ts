/** One Redis, a Redis Cluster, or a master that sentinels know of. */
export interface RedisAddress {
  kind: "single" | "cluster" | "sentinel";
  /** Servers, of a cluster some of them, or the sentinels. */
  hosts: readonly RedisHost[];
  /** What the sentinels call the master. */
  master: string | undefined;
  tls: boolean;
  username: string | undefined;
  password: string | undefined;
  /** Of the sentinels themselves, where they want one. */
  sentinelPassword: string | undefined;
  db: number;
}

export interface RedisHost {
  host: string;
  port: number;
}

const expected =
  "expected redis://[user:password@]host[:port][/database], redis+cluster://host,host or redis+sentinel://host,host/master; rediss for TLS";

const form =
  /^redis(?<tls>s?)(?:\+(?<kind>cluster|sentinel))?:\/\/(?:(?<username>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^@/?#]+)(?<path>\/[^?#]*)?(?:\?sentinelPassword=(?<sentinelPassword>[^&#]+))?$/;

/** Reads `state.url`. Throws an Error that does not hold the URL, which may hold a password. */
export function readRedisAddress(url: string | undefined): RedisAddress {
  if (!url) throw new Error(`state.url: ${expected}, found none`);
  const address = parse(url);
  if (!address) throw new Error(`state.url: ${expected}, found something else`);
  return address;
}

/** For people: without credentials. */
export function nameOf({ kind, hosts, master }: RedisAddress): string {
  const list = hosts.map(({ host, port }) => `${host}:${port}`).join(", ");
  if (kind === "single") return `Redis at ${list}`;
  return kind === "cluster" ? `Redis Cluster at ${list}` : `Redis ${master} of the sentinels at ${list}`;
}

function parse(url: string): RedisAddress | undefined {
  const { tls, kind = "single", hosts = "", path = "", ...secrets } = form.exec(url)?.groups ?? {};
  const [username, password, sentinelPassword] = [
    secrets.username,
    secrets.password,
    secrets.sentinelPassword,
  ].map(decoded);
  const servers = hosts.split(",").map((host) => readHost(host, kind === "sentinel" ? 26_379 : 6379));
  const place = readPlace(kind as RedisAddress["kind"], decoded(path.slice(1)));
  const single = kind !== "single" || servers.length === 1;
  if (!single || !place || !servers.every((one) => one !== undefined)) return undefined;
  if ([username, password, sentinelPassword].includes(null)) return undefined;
  return {
    kind: kind as RedisAddress["kind"],
    hosts: servers,
    tls: tls === "s",
    username: username || undefined,
    password: password || undefined,
    sentinelPassword: sentinelPassword || undefined,
    ...place,
  };
}

/** What stands behind the hosts: a database, or a master and a database. A cluster has but one database. */
function readPlace(
  kind: RedisAddress["kind"],
  path: string | undefined | null,
): Pick<RedisAddress, "master" | "db"> | undefined {
  if (typeof path !== "string") return undefined;
  const parts = path.split("/");
  const master = kind === "sentinel" ? parts.shift() : undefined;
  const [db = "", ...rest] = parts;
  if (kind === "sentinel" && !master) return undefined;
  if (rest.length > 0 || !/^\d*$/.test(db) || (kind === "cluster" && Number(db) !== 0)) return undefined;
  return { master, db: Number(db) };
}

function readHost(text: string, port: number): RedisHost | undefined {
  const [, name, given] = /^(\[[\da-fA-F:.]+\]|[^[\]:]+)(?::(\d+))?$/.exec(text.trim()) ?? [];
  if (name === undefined || Number(given ?? port) > 65_535) return undefined;
  return { host: name.replace(/^\[|\]$/g, ""), port: Number(given ?? port) };
}

/** A `%` in a password is written `%25`. Null: it was not. */
function decoded(text: string | undefined): string | undefined | null {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return null;
  }
}
