/**
 * Where Vertex AI serves models, by the beginning of their names; the first that fits. Any other is served at `global`.
 * Source: Google Cloud documentation, "Google model endpoint locations" and "Anthropic's Claude models", as of late 2024:
 * models of later years are at `global`, and a location of their own is configured.
 */
const places: readonly [beginning: string, regions: readonly string[]][] = [
  ["claude-3-5-sonnet", ["us-east5", "europe-west1"]],
  ["claude-3-sonnet", ["us-east5", "us-central1", "asia-southeast1"]],
  ["claude-3-opus", ["us-east5"]],
  ["claude-3-haiku", ["us-east5", "us-central1", "europe-west1", "europe-west4"]],
  ["gemini-1.", ["us-central1", "us-east4", "us-west1", "us-west4", "europe-west1", "europe-west2"]],
];

/** The regions that serve a model. */
export function regionsOf(model: string): readonly string[] {
  return places.find(([beginning]) => model.toLowerCase().startsWith(beginning))?.[1] ?? ["global"];
}
