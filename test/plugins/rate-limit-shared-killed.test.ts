import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { bundle } from "../_bundle.ts";
import { chatAnswer, sendJson, startUpstream } from "../_gateway.ts";
import { gatewayProgram, startGatewayProcess, type GatewayProcess } from "../_gateway-process.ts";
import { redisTest } from "../_redis.ts";

/** What passes of each key, and after how many calls the next key has its turn. */
const limit = 40;
const callsPerKey = 70;
const keyCount = 600;
const lanesPerProcess = 3;
const seconds = 20;
/** How long it goes on where the machine starts processes slowly, s. */
const patience = 90;

/** One of the four places; its process changes. */
interface Place {
  process: GatewayProcess | undefined;
  doomed: boolean;
}

interface Tally {
  passed: number;
  refused: number;
  /** Calls that a kill cut: they passed or not. */
  unknown: number;
}

redisTest(
  "four processes on one Redis, one killed every second: limits hold, others go on",
  async (redis, defer) => {
    const asked = new Map<string, number>();
    const upstream = await startUpstream((req, res) => {
      const key = String(req.headers["x-caller"]);
      asked.set(key, (asked.get(key) ?? 0) + 1);
      sendJson(res, 200, chatAnswer());
    });
    defer(upstream.close);
    const program = await bundle(gatewayProgram, defer);
    const config = configOf(redis.url, upstream.url);
    const processes: GatewayProcess[] = [];
    const start = async (): Promise<GatewayProcess> => {
      const process = await startGatewayProcess(config, program);
      processes.push(process);
      return process;
    };
    defer(async () => void (await Promise.all(processes.map((one) => one.kill()))));

    const places: Place[] = await Promise.all(
      Array.from({ length: 4 }, async () => ({ process: await start(), doomed: false })),
    );
    const load = startLoad(places);
    const replacements: Promise<void>[] = [];
    const enough = () => replacements.length >= seconds / 4 && load.keys() > 3;
    for (let second = 0; second < seconds || (!enough() && second < patience); second++) {
      await sleep(1000);
      // One that lives, in turn; where the machine starts them slowly, one is left.
      const living = places.filter(({ process, doomed }) => process && !doomed);
      if (living.length > 1) replacements.push(replace(living[second % living.length]!, start));
    }
    const { tallies, failures, calls } = await load.stop();
    await Promise.all(replacements);
    assert.deepEqual(failures, [], "calls of living processes failed");
    for (const { messages } of processes) assert.doesNotMatch(messages(), /out of reach/);
    check(tallies, asked);
    const kills = processes.length - places.length;
    const cut = [...tallies.values()].reduce((sum, { unknown }) => sum + unknown, 0);
    console.log(`${calls} calls, ${tallies.size} keys, ${kills} kills, ${cut} calls cut`);
    assert.ok(kills >= seconds / 4 && tallies.size > 3, `${kills} kills, ${tallies.size} keys`);
  },
);

function configOf(redisUrl: string, upstreamUrl: string): object {
  return {
    // Few plugins: each second a process starts.
    extends: [],
    plugins: ["protocols/openai-chat", "rate-limit", "routing"],
    state: { driver: "redis", url: redisUrl, commandTimeout: "5s" },
    upstreams: ["a", "b"].map((name) => ({
      name,
      provider: "openai",
      baseURL: `${upstreamUrl}/v1`,
      keys: ["sk-upstream"],
      models: ["gpt-4o"],
    })),
    keys: Array.from({ length: keyCount }, (_, i) => ({
      key: `sk-${i}`,
      name: `${i}`,
      limits: [`${limit}/hour`, "100000/day"],
    })),
  };
}

async function replace(place: Place, start: () => Promise<GatewayProcess>): Promise<void> {
  const victim = place.process;
  place.doomed = true;
  await victim?.kill();
  place.process = undefined;
  const next = await start();
  place.doomed = false;
  place.process = next;
}

/** Calls steadily; each lane knows which process it speaks to. */
function startLoad(places: readonly Place[]) {
  const tallies = new Map<string, Tally>();
  const failures: string[] = [];
  let calls = 0;
  const stopping = new AbortController();

  async function lane(place: Place): Promise<void> {
    while (!stopping.signal.aborted) {
      const { process } = place;
      if (!process || place.doomed) {
        await sleep(5);
        continue;
      }
      const key = `sk-${Math.floor(calls++ / callsPerKey) % keyCount}`;
      const tally = tallies.get(key) ?? { passed: 0, refused: 0, unknown: 0 };
      tallies.set(key, tally);
      const status = await call(process.url, key).catch((error: Error) => error.message);
      if (status === 200) tally.passed++;
      else if (status === 429) tally.refused++;
      else if (process !== place.process || place.doomed) tally.unknown++;
      else failures.push(String(status));
      await sleep(2);
    }
  }

  const lanes = places.flatMap((place) => Array.from({ length: lanesPerProcess }, () => lane(place)));
  return {
    keys: () => tallies.size,
    async stop() {
      stopping.abort();
      await Promise.all(lanes);
      return { tallies, failures, calls };
    },
  };
}

async function call(url: string, key: string): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${key}`,
      "x-caller": key,
    },
    body: JSON.stringify({ model: "gpt-4o", messages: [] }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Of each key that was asked for more than its limit exactly the limit passed, but for what a kill cut. */
function check(tallies: ReadonlyMap<string, Tally>, asked: ReadonlyMap<string, number>): void {
  for (const [key, tally] of tallies) {
    const { passed, refused, unknown } = tally;
    const told = `${key}: ${JSON.stringify(tally)}, ${asked.get(key)} came to the upstream`;
    assert.ok((asked.get(key) ?? 0) <= limit, told);
    assert.ok(passed <= limit, told);
    if (refused > 0) assert.ok(passed + unknown >= limit, told);
  }
}
