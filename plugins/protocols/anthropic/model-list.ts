import { factsOf } from "./models.ts";
import type { ModelInfo } from "@anthropic-ai/sdk/resources/models";
import type { ListedModel } from "../../../core/index.ts";

/** Source: Anthropic API reference, models: the epoch stands for a date that is not known. */
const unknownDate = "1970-01-01T00:00:00Z";

function infoOf({ id }: ListedModel): object {
  const info: ModelInfo = {
    type: "model",
    id,
    display_name: id,
    created_at: unknownDate,
    max_input_tokens: null,
    max_tokens: id.includes("claude-") ? factsOf(id).maxOutput : null,
    capabilities: null,
    lifecycle: "active",
    line: null,
    deprecated_at: null,
    retires_at: null,
  };
  return info;
}

export function renderModel(model: ListedModel): string {
  return JSON.stringify(infoOf(model));
}

/** All models in one page. */
export function renderModels(models: readonly ListedModel[]): string {
  const [first] = models;
  return JSON.stringify({
    data: models.map(infoOf),
    has_more: false,
    first_id: first?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  });
}
