import type { ListedModel } from "../../../core/index.ts";
import type { ModelBody, ShowBody, VersionBody } from "./wire.ts";

/** The version of Ollama whose API this is. Clients look at it to learn what they may use. */
const version: VersionBody = { version: "0.13.3" };

/** Nothing is known of a model but its name and who offers it. */
const details = {
  parent_model: "",
  format: "",
  parameter_size: "",
  quantization_level: "",
};
const unknownDate = "1970-01-01T00:00:00Z";
const never = "9999-12-31T23:59:59Z";

export function renderVersion(): string {
  return JSON.stringify(version);
}

/** The models, for `/api/tags` as for `/api/ps`: all of them are ready, for as long as anybody asks. */
export function renderModels(models: readonly ListedModel[]): string {
  return JSON.stringify({ models: models.map(listed) });
}

function listed({ id, ownedBy }: ListedModel): ModelBody {
  return {
    name: id,
    model: id,
    modified_at: unknownDate,
    size: 0,
    digest: "",
    details: { ...details, family: ownedBy, families: [ownedBy] },
    expires_at: never,
    size_vram: 0,
  };
}

/** What `/api/show` says of a model that another service runs. Its abilities are those of most. */
export function renderShow(ownedBy: string): string {
  const shown: ShowBody = {
    license: "",
    modelfile: "",
    parameters: "",
    template: "",
    system: "",
    details: { ...details, family: ownedBy, families: [ownedBy] },
    messages: [],
    modified_at: unknownDate,
    model_info: { "general.architecture": ownedBy },
    capabilities: ["completion", "tools", "vision"],
  };
  return JSON.stringify(shown);
}
