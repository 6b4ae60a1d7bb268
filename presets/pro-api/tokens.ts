import type { Path } from "../../config/document.ts";
import { createNames } from "../api-yaml/draft.ts";
import type { Draft } from "../api-yaml/draft.ts";
import type { ProConfig } from "./schema.ts";

/** A token, or a model, of this name stands for everything. */
const everything = "all";

/** Makes a gateway key of each token. The first that is one may use the gateway's own endpoints. */
export function mapTokens({ tokens }: ProConfig, draft: Draft): void {
  const nameOf = createNames();
  for (const [index, { api_key: key, model = [everything] }] of tokens.entries()) {
    const place: Path = ["tokens", index];
    const models = model.includes(everything) ? undefined : model;
    if (key === everything) {
      const anonymous = { ...(models && { models }), unknownKeys: true };
      draft.plugin("auth", { anonymous }, place);
      continue;
    }
    draft.key(
      {
        key,
        name: nameOf(`token-${index + 1}`),
        ...(draft.keys.length === 0 && { role: "admin" }),
        ...(models && { models }),
      },
      place,
    );
  }
}
