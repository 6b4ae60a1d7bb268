import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** Stands before a Redis and counts what passes. */
export interface RedisProxy {
  url: string;
  /** Pieces that came from clients, and answers to them, since the last `reset`. */
  sent(): number;
  answered(): number;
  /** The commands among them. */
  commands(): string[];
  reset(): void;
  close(): Promise<void>;
}

/** @param delay ms that each answer is held back, as a network would */
export async function startRedisProxy(port: number, delay = 0): Promise<RedisProxy> {
  let sent: string[] = [];
  let answered = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const redis = connect(port, "127.0.0.1");
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        redis.destroy();
      });
    }
    client.on("data", (piece) => {
      sent.push(String(piece));
      redis.write(piece);
    });
    redis.on("data", (piece) => {
      answered++;
      if (delay === 0) client.write(piece);
      else setTimeout(() => client.write(piece), delay);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => sent.length,
    answered: () => answered,
    commands: () =>
      sent.flatMap((piece) =>
        [...piece.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)].map(([, name = ""]) => name),
      ),
    reset() {
      sent = [];
      answered = 0;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
