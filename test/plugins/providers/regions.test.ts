import assert from "node:assert/strict";
import { test } from "node:test";
import { targetsOf } from "../../../core/index.ts";
import { startGateway } from "../../_gateway.ts";
import type { Upstream } from "../../../core/index.ts";

/** The upstream that a configuration describes, and the URL of each of its targets for a model. */
async function places(config: object, model: string, path: string): Promise<string[]> {
  const { gateway, close } = await startGateway({ upstreams: [{ models: [model], ...config }] });
  try {
    const [upstream] = gateway.context.upstreams as [Upstream];
    return targetsOf(upstream, model).map((target) => {
      const attempt = { target, path, search: "", operation: "chat", stream: false, protocol: undefined };
      return `${target.region ?? "-"} ${upstream.provider.url(attempt as never)}`;
    });
  } finally {
    await close();
  }
}

const generate = "/v1beta/models/x:generateContent";

test("vertex: each location is a target of its own", async () => {
  const vertex = (options: object, more: object = {}): object => ({
    provider: "vertex",
    key: "k",
    options: { project: "p", ...options },
    ...more,
  });
  const url = (location: string, rest: string): string => {
    const host = location === "global" ? "aiplatform" : `${location}-aiplatform`;
    return `https://${host}.googleapis.com/v1/projects/p/locations/${location}/publishers/${rest}`;
  };
  const gemini = "google/models/gemini-2.5-flash:generateContent";
  assert.deepEqual(await places(vertex({}), "gemini-2.5-flash", generate), [`- ${url("global", gemini)}`]);
  assert.deepEqual(await places(vertex({ location: "us-east5" }), "gemini-2.5-flash", generate), [
    `- ${url("us-east5", gemini)}`,
  ]);
  assert.deepEqual(
    await places(vertex({ location: ["us-east1", "us-east5"] }), "gemini-2.5-flash", generate),
    ["us-east1", "us-east5"].map((place) => `${place} ${url(place, gemini)}`),
  );
  // What the upstream says goes before the provider's own list.
  assert.deepEqual(
    await places(vertex({ location: "by-model" }, { regions: ["us-west1"] }), "gemini-1.5-pro", generate),
    [`us-west1 ${url("us-west1", "google/models/gemini-1.5-pro:generateContent")}`],
  );
});

test("vertex: by model, the regions are those that are known to serve it", async () => {
  const regionsOf = async (model: string): Promise<string[]> => {
    const config = { provider: "vertex", key: "k", options: { project: "p", location: "by-model" } };
    const urls = await places(config, model, generate);
    return urls.map((text) => /locations\/([^/]+)/.exec(text)?.[1] ?? "");
  };
  assert.deepEqual(await regionsOf("claude-3-5-sonnet-v2@20241022"), ["us-east5", "europe-west1"]);
  assert.deepEqual(await regionsOf("claude-3-opus@20240229"), ["us-east5"]);
  assert.deepEqual((await regionsOf("gemini-1.5-pro")).length, 6);
  assert.deepEqual(await regionsOf("gemini-2.5-pro"), ["global"]);
});

test("vertex: an address that is configured holds for all regions", async () => {
  const config = {
    provider: "vertex",
    key: "k",
    baseURL: "https://proxy.test",
    regions: ["us-east1", "us-east5"],
    options: { project: "p" },
  };
  const urls = await places(config, "gemini-2.5-flash", generate);
  assert.deepEqual(
    urls.map((text) => text.slice(0, 65)),
    ["us-east1", "us-east5"].map((one) =>
      `${one} https://proxy.test/v1/projects/p/locations/${one}/publishers/`.slice(0, 65),
    ),
  );
});

test("bedrock: each region is a target of its own, with its host", async () => {
  const converse = "/model/m/converse";
  const url = (region: string): string => `https://bedrock-runtime.${region}.amazonaws.com${converse}`;
  const config = (region: unknown, more: object = {}): object => ({
    provider: "bedrock",
    key: "k",
    options: { region },
    ...more,
  });
  assert.deepEqual(await places(config("us-east-1"), "m", converse), [`- ${url("us-east-1")}`]);
  assert.deepEqual(
    await places(config(["us-east-1", "eu-west-1"]), "m", converse),
    ["us-east-1", "eu-west-1"].map((region) => `${region} ${url(region)}`),
  );
  assert.deepEqual(await places(config("us-east-1", { regions: ["us-west-2"] }), "m", converse), [
    `us-west-2 ${url("us-west-2")}`,
  ]);
  const away = { baseURL: "https://proxy.test", regions: ["us-west-2"] };
  assert.deepEqual(await places(config("us-east-1", away), "m", converse), [
    `us-west-2 https://proxy.test${converse}`,
  ]);
});

test("bedrock: what is sent to a region is signed for it", async () => {
  const { regionOf } = await import("../../../plugins/providers/bedrock/credentials.ts");
  const upstream = {
    baseURL: "https://bedrock-runtime.us-east-1.amazonaws.com",
    options: { region: "us-east-1" },
  };
  const of = (region: string | undefined): string => regionOf({ upstream, region } as never);
  assert.deepEqual([of(undefined), of("eu-west-1")], ["us-east-1", "eu-west-1"]);
});
