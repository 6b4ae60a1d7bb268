import assert from "node:assert/strict";
import { startGateway } from "../_gateway.ts";
import type { TestGateway } from "../_gateway.ts";
import { streamModes } from "./cell.ts";
import type { Client, Link, Seen, Upstream } from "./cell.ts";
import { clients } from "./clients/index.ts";
import { assertCalls, assertFailure, featureNames, features, resultsOf } from "./features.ts";
import type { Feature, FeatureName } from "./features.ts";
import { readSent } from "./sent/index.ts";
import { cellHeader, startService, upstreamKey } from "./service.ts";
import type { Service } from "./service.ts";
import { assertShape } from "./shapes/sent.ts";
import { prepareShapes } from "./shapes/validate.ts";
import { upstreams } from "./upstreams/index.ts";

const callerKey = "sk-caller-only-0002";
/** Cells that run at a time. */
const atOnce = 12;
/** ms. */
const cellTimeout = 60_000;

/** One cell's result: `reason` says what was not as it should be; undefined where all was. */
export interface Result {
  client: string;
  upstream: string;
  feature: FeatureName;
  stream: boolean;
  reason: string | undefined;
}

interface Cell {
  client: Client;
  upstream: Upstream;
  feature: FeatureName;
  stream: boolean;
}

/**
 * Runs the matrix against one gateway and one server of upstreams.
 * @param part Only cells whose id (`Gemini/cohere/tools/stream`) holds it. Default all.
 */
export async function runMatrix(part = ""): Promise<Result[]> {
  prepareShapes();
  const service = await startService(upstreams);
  const gateway = await startGateway({
    keys: [callerKey],
    upstreams: upstreams.map((upstream) => ({
      name: upstream.name,
      ...upstream.config(service.url, upstreamKey),
      models: [{ [upstream.model]: `matrix-${upstream.name}` }],
    })),
    // A cell in which the upstream fails must not keep the others from it.
    plugins: [{ retry: { attempts: 1 } }, { cooldown: false }, { breaker: false }],
  });
  try {
    return await runAll(cellsWith(part), (cell) => runCell(cell, gateway, service));
  } finally {
    await gateway.close();
    await service.close();
  }
}

/** All cells whose id holds a text. */
function cellsWith(part: string): Cell[] {
  const all = clients.flatMap((client) =>
    upstreams.flatMap((upstream) =>
      featureNames.flatMap((feature) => streamModes.map((stream) => ({ client, upstream, feature, stream }))),
    ),
  );
  return all.filter((cell) => idOf(cell).includes(part));
}

/** Such as `Gemini/cohere/tools/stream`. */
function idOf({ client, upstream, feature, stream }: Cell): string {
  return [client.name, upstream.name, feature, stream ? "stream" : "whole"].join("/");
}

async function runAll(cells: Cell[], run: (cell: Cell) => Promise<void>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < cells.length; at = next++) {
      const cell = cells[at];
      if (!cell) return;
      const reason = await withTimeout(run(cell)).then(() => undefined, reasonOf);
      const { client, upstream, feature, stream } = cell;
      results[at] = { client: client.name, upstream: upstream.name, feature, stream, reason };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

async function withTimeout(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no end within 60 s")), cellTimeout);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof assert.AssertionError)) return String(error);
  const { message, actual, expected } = error;
  if (error.generatedMessage) return message;
  // Behind the first line, some versions of Node draw the difference.
  return `${message.split("\n")[0]}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`;
}

async function runCell(cell: Cell, gateway: TestGateway, service: Service): Promise<void> {
  const { client, upstream, stream } = cell;
  const feature: Feature = features[cell.feature];
  const headers = { [cellHeader]: idOf(cell) };
  const link: Link = { url: gateway.url, key: callerKey, model: `matrix-${upstream.name}`, headers };
  if (feature.reply.error) {
    await fails(client, link, feature, stream);
    if (feature.other) await fails(client, link, feature.other, stream);
    return;
  }
  let observation = await client.ask(link, feature.ask, stream);
  if (feature.last) {
    assertCalls(observation);
    const after = { history: observation.history, results: resultsOf(observation.toolCalls) };
    observation = await client.ask(link, { ...feature.ask, after }, stream);
  }
  const seen = service.seen(idOf(cell));
  assert.equal(seen.length, feature.last ? 2 : 1, "requests");
  for (const request of seen) {
    assertSent(request, upstream, stream);
    assertShape(request, client, upstream);
  }
  feature.sent(readSent(seen.at(-1) as Seen));
  assert.equal(observation.model ?? link.model, link.model, "the model's name in the answer");
  if (stream) assert.ok(observation.pieces > 1, "the stream came in one piece");
  feature.observed(observation);
}

/** What holds for every request. */
function assertSent(seen: Seen, upstream: Upstream, stream: boolean): void {
  const { url, body, headers } = seen;
  const asked = readSent(seen).stream || url.endsWith(":streamRawPredict");
  assert.equal(asked, stream, "a stream was asked for");
  const name = String(body["model"] ?? decodeURIComponent(url));
  assert.ok(name.includes(upstream.model), `the model's name at the upstream is ${name}`);
  const said = JSON.stringify([url, headers]);
  assert.ok(said.includes(upstreamKey), "the upstream's key is not there");
  assert.ok(!said.includes(callerKey), "the caller's key is there");
}

async function fails(
  client: Client,
  link: Link,
  { ask, reply }: Pick<Feature, "ask" | "reply">,
  stream: boolean,
): Promise<void> {
  const error: unknown = await client.ask(link, ask, stream).then(
    () => assert.fail("no error was thrown"),
    (thrown: unknown) => thrown,
  );
  assertFailure(client.failure(error), reply);
}
