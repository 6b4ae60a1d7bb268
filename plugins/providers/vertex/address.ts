import type { Attempted, Upstream } from "../../../core/index.ts";
import { byModel, locationsOf, projectOf } from "./options.ts";
import { regionsOf } from "./regions.ts";
import type { VertexOptions } from "./options.ts";

/** Models of Anthropic's: they are spoken to in its own protocol. */
export function isClaude(model: string): boolean {
  return /^claude/i.test(model);
}

/** The host of a location. Source: Gemini Enterprise Agent Platform documentation, "Deployments and endpoints". */
export function hostOf(location: string): string {
  if (location === "global") return "https://aiplatform.googleapis.com";
  if (location === "us" || location === "eu") return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}

/** Where an upstream has a model: as configured for it, else by its options. */
export function placesOf({ regions, options }: Upstream, model: string | undefined): readonly string[] {
  if (regions) return regions;
  const given = options as VertexOptions;
  return given.location === byModel ? regionsOf(model ?? "") : locationsOf(given);
}

/** The URL of an attempt: the protocol's path becomes that of a publisher's model. */
export function addressOf(attempt: Attempted, options: VertexOptions): string {
  const { upstream, region, model } = attempt.target;
  const location = region ?? placesOf(upstream, model)[0] ?? "global";
  const [first = "global"] = locationsOf(options);
  const base = upstream.baseURL === hostOf(first) ? hostOf(location) : upstream.baseURL;
  const project = projectOf(options);
  // An API key of the express mode stands for a project.
  const place = project === undefined ? "" : `/projects/${encodeURIComponent(project)}/locations/${location}`;
  return `${base}/v1${place}/publishers/${modelPath(attempt)}`;
}

function modelPath(attempt: Attempted): string {
  const { operation, stream, path, search, target } = attempt;
  const model = encodeURIComponent(target.model ?? "").replaceAll("%40", "@");
  if (!isClaude(target.model ?? ""))
    return `google/models/${model}${path.slice(path.lastIndexOf(":"))}${search}`;
  // Google refuses a query that it does not know, such as that of Anthropic's beta clients.
  if (operation === "count-tokens") return "anthropic/models/count-tokens:rawPredict";
  return `anthropic/models/${model}:${stream ? "streamRawPredict" : "rawPredict"}`;
}
