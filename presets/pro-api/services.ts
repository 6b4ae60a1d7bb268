import type { Path } from "../../config/document.ts";
import { createNames } from "../api-yaml/draft.ts";
import type { Draft } from "../api-yaml/draft.ts";
import { offersOf } from "../api-yaml/offers.ts";
import { furtherKeys, serviceOf } from "./kinds.ts";
import type { ProConfig, ProProvider } from "./schema.ts";

/** Makes an upstream of each provider, in their order. */
export function mapServices({ providers }: ProConfig, draft: Draft): void {
  const nameOf = createNames();
  for (const [index, given] of providers.entries()) {
    const place: Path = ["providers", index];
    const listed = given.model?.flat();
    draft.upstream(
      {
        name: nameOf(given.name ?? given.provider),
        ...serviceOf(given),
        ...(given.api_key && { keys: given.api_key }),
        ...(listed && { models: offersOf(listed) }),
        ...(given.balance && { weights: given.balance }),
        forwarded: false,
      },
      place,
    );
    for (const key of furtherKeys(given)) {
      const from = [...place, key];
      draft.origin(["upstreams", index, "options"], from);
      draft.origin(["upstreams", index, "options", key], from);
    }
    check(given, place, draft);
  }
}

function check({ balance = {}, model, ...given }: ProProvider, place: Path, draft: Draft): void {
  const offered = new Set(model?.flat().map(({ name }) => name));
  for (const name of Object.keys(balance)) {
    if (model && !offered.has(name)) {
      draft.warn([...place, "balance"], `names ${JSON.stringify(name)}, which this provider does not offer`);
    }
  }
  const { CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN } = given;
  const parts = [CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN].filter((part) => part !== undefined).length;
  const needed = given.provider.startsWith("vertexai") && given.api_key === undefined;
  if (needed && parts < 3) {
    draft.warn(
      place,
      "has not all of CLIENT_ID, CLIENT_SECRET and REFRESH_TOKEN: Vertex will refuse its calls",
    );
  }
}
