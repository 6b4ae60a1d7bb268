import type { Attempted } from "../../../core/index.ts";
import { locationsOf, projectOf } from "./options.ts";
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

/** Which location is next, by an upstream's options. */
const turns = new WeakMap<VertexOptions, number>();

function nextLocation(options: VertexOptions): string {
  const locations = locationsOf(options);
  const turn = turns.get(options) ?? 0;
  turns.set(options, (turn + 1) % locations.length);
  return locations[turn] ?? "global";
}

/** The URL of an attempt: the protocol's path becomes that of a publisher's model. */
export function addressOf(attempt: Attempted, options: VertexOptions): string {
  const { upstream } = attempt.target;
  const location = nextLocation(options);
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
